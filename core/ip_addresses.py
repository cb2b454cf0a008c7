"""Where somebody asks from: the address that a server, or a proxy it trusts, says. It may be anything at all."""

import ipaddress

_Address = ipaddress.IPv4Address | ipaddress.IPv6Address


def clean(said: str | None) -> str:
    """An IP address, as databases know it; empty for what is none."""
    parsed = _parsed(said)
    return "" if parsed is None else str(parsed)


def place(said: str | None) -> str:
    """What limits count by. An IPv6 client has a network to itself, not an address. All that is no address is one
    place: nobody gets another one by saying something else."""
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
        # Without the network card that a link-local address may name.
        return ipaddress.ip_address((said or "").partition("%")[0])
    except ValueError:
        return None
