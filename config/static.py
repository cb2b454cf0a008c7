"""The few files of the API's own pages. Where nginx stands in front, it serves them and this is never asked."""

from django.contrib.staticfiles.handlers import ASGIStaticFilesHandler
from django.core.exceptions import SuspiciousFileOperation
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase

from api import problems


class StaticFiles(ASGIStaticFilesHandler):
    """Django's, for which a path that leaves the folder is an error of ours rather than a 404."""

    def serve(self, request: HttpRequest) -> HttpResponse | FileResponse:
        try:
            return super().serve(request)
        except SuspiciousFileOperation as error:
            raise Http404 from error

    async def get_response_async(self, request: HttpRequest) -> HttpResponseBase:
        """Files are served before the middleware, which would see to errors."""
        response = await super().get_response_async(request)
        problems.restate(response)
        return response
