"""CORS: the check of which pages of other origins may read the API's responses."""

from urllib.parse import SplitResult

from corsheaders import middleware
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from core import origins


class CorsMiddleware(middleware.CorsMiddleware):
    """The middleware of django-cors-headers, comparing parsed origins instead of strings. Logs refused origins."""

    def origin_found_in_white_lists(self, origin: str, url: SplitResult) -> bool:
        return origins.is_allowed(origin, host="")  # pages of this server's own host need no CORS headers

    def add_response_headers(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        origin = request.headers.get("origin")
        if origin is not None and not origins.is_allowed(origin, host=request.META.get("HTTP_HOST", "")):
            origins.log_refusal(origin)
        return super().add_response_headers(request, response)
