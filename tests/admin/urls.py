"""The addresses of an installation with ADMIN=on."""

from django.contrib.admin import site
from django.urls import path

from config import urls

handler400, handler404, handler500 = urls.handler400, urls.handler404, urls.handler500

urlpatterns = [path("admin/", site.urls), *urls.urlpatterns]
