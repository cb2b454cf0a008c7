"""IP addresses of clients, as reported by the server or by a proxy it trusts. The reported text may be anything."""

import ipaddress

_Address = ipaddress.IPv4Address | ipaddress.IPv6Address


def clean(said: str | None) -> str:
    """Return an IP address in the form that databases store; empty for a text that is not an IP address."""
    parsed = _parsed(said)
    return "" if parsed is None else str(parsed)


def place(said: str | None) -> str:
    """Return what rate limits count by: an IPv4 address, or the /64 network of an IPv6 address, because a client has a
    whole network. All other texts are the same place, so that varying the text does not evade a limit."""
    parsed = _parsed(said)
    if parsed is None:
        return "unknown"
    if isinstance(parsed, ipaddress.IPv4Address):
        return str(parsed)
    if parsed.ipv4_mapped:
        return str(parsed.ipv4_mapped)
    return str(ipaddress.ip_network((parsed, 64), strict=False))


def _parsed(said: str | None) -> _Address | None:
    try:
        # Without the network interface that a link-local IP address may name after "%".
        return ipaddress.ip_address((said or "").partition("%")[0])
    except ValueError:
        return None
