"""The addresses of an installation with ADMIN=on."""

from django.contrib.admin import site
from django.urls import path

from config import urls

urlpatterns = [path("admin/", site.urls), *urls.urlpatterns]
