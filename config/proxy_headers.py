"""Who the client is when a proxy asks for it: under WSGI the same as under uvicorn."""

from collections.abc import Iterable
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

# Private, but the rule itself: a copy could come to differ. tests/deploy/test_forwarded.py notices if it changes.
from uvicorn.middleware.proxy_headers import _TrustedHosts


def believing(proxies: str, application: WSGIApplication) -> WSGIApplication:
    """The application, told the client's address by these proxies (as FORWARDED_ALLOW_IPS has them) and nobody else.

    A peer on a Unix socket has no address that could be in a list, so only `*` believes it.
    """
    trusted = _TrustedHosts(proxies)

    def told(request: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if request.get("REMOTE_ADDR") in trusted:
            host, port = trusted.get_trusted_client_address(request.get("HTTP_X_FORWARDED_FOR", ""))
            if host:
                # Both: the proxy's port next to the client's address would name nobody. 0 is an unknown one.
                request["REMOTE_ADDR"], request["REMOTE_PORT"] = host, str(port)
        return application(request, start_response)

    return told
