"""`python -m config.listening`: whether HOST and PORT can be listened on, or one line that says why not.

Asked before a server loads anything, and by `make run` before it prints where the server will be.
"""

import socket

from django.core.exceptions import ImproperlyConfigured

from config import bootstrap, env


def require_free(host: str, port: int) -> None:
    """Raise ImproperlyConfigured where a server could not listen: a used or privileged port, an address elsewhere."""
    if not 0 <= port < 65_536:
        raise ImproperlyConfigured(f"PORT must be between 0 and 65535, not {port}.")
    try:
        for family, kind, protocol, _, address in socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        ):
            with socket.socket(family, kind, protocol) as probe:
                # As servers set it: a port whose last connections linger in TIME_WAIT is free.
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                if family == socket.AF_INET6:
                    probe.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
                probe.bind(address)
    except OSError as error:
        raise ImproperlyConfigured(f"can't listen on HOST {host}, PORT {port}: {error.strerror}.") from error


def main() -> None:
    with bootstrap.refusing():
        require_free(env.host(), env.port())


if __name__ == "__main__":
    main()
