"""Static files of the API's own pages, for installations in which no proxy such as nginx serves them."""

from django.contrib.staticfiles.handlers import ASGIStaticFilesHandler
from django.core.exceptions import SuspiciousFileOperation
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase

from api import problems


class StaticFiles(ASGIStaticFilesHandler):
    """Django's handler, with a 404 for a path outside the folder. Django would answer it with an error."""

    def serve(self, request: HttpRequest) -> HttpResponse | FileResponse:
        try:
            return super().serve(request)
        except SuspiciousFileOperation as error:
            raise Http404 from error

    async def get_response_async(self, request: HttpRequest) -> HttpResponseBase:
        """Answer with a file, or with a problem document: the middleware that makes those does not run for files."""
        response = await super().get_response_async(request)
        problems.restate(response)
        return response
