"""What a request is addressed to."""

from rest_framework.request import Request


def target(request: Request) -> str:
    """Return the address of a request in one form, however it was spelled, without the query string."""
    match = request.resolver_match
    assert match is not None, "a view was called without an address"
    return f"{match.route} {sorted(match.kwargs.items())}"
