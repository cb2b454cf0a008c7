"""Check that a server can listen on HOST and PORT. `python -m config.listening` exits with a one-line reason if not.

It runs before a server loads anything, and in `make run` before that prints the server's URL.
"""

import socket

from django.core.exceptions import ImproperlyConfigured

from config import bootstrap, env


def require_free(host: str, port: int) -> None:
    """Raise ImproperlyConfigured if a server could not listen: a port that is used or privileged, or an IP address that
    this machine does not have."""
    if not 0 <= port < 65_536:
        raise ImproperlyConfigured(f"PORT must be between 0 and 65535, not {port}.")
    try:
        for family, kind, protocol, _, address in socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        ):
            with socket.socket(family, kind, protocol) as probe:
                # Servers set it too: a port whose last connections are in TIME_WAIT is free.
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
