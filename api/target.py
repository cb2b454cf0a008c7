"""The endpoint and arguments of a request, in a canonical form."""

from rest_framework.request import Request


def target(request: Request) -> str:
    """Return the route of a request with its arguments: the same for each spelling of a URL, without the query."""
    match = request.resolver_match
    assert match is not None, "a view was called without an address"
    return f"{match.route} {sorted(match.kwargs.items())}"
