"""The client's IP address behind a proxy, from X-Forwarded-For: under WSGI by the same rule as under uvicorn."""

from collections.abc import Iterable
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

# uvicorn's private class, used so that both servers share one rule. tests/deploy/test_forwarded.py detects changes.
from uvicorn.middleware.proxy_headers import _TrustedHosts


def believing(proxies: str, application: WSGIApplication) -> WSGIApplication:
    """Wrap the application so that it takes the client's IP address from the X-Forwarded-For of these proxies only.

    `proxies` has the format of FORWARDED_ALLOW_IPS. A peer on a Unix socket has no IP address that could be listed, so
    only `*` trusts it.
    """
    trusted = _TrustedHosts(proxies)

    def told(request: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if request.get("REMOTE_ADDR") in trusted:
            host, port = trusted.get_trusted_client_address(request.get("HTTP_X_FORWARDED_FOR", ""))
            if host:
                # Replace both: the proxy's port does not belong to the client's IP address. 0 is an unknown port.
                request["REMOTE_ADDR"], request["REMOTE_PORT"] = host, str(port)
        return application(request, start_response)

    return told
