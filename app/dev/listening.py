"""Who listens where on this machine."""

import socket


def free_port(host: str) -> int:
    """A port of ``host`` on which nobody listens right now."""
    with socket.create_server((host, 0), family=family(host)) as probe:
        port: int = probe.getsockname()[1]
        return port


def is_listening(host: str, port: int) -> bool:
    try:
        socket.create_connection((reachable(host), port), timeout=1).close()
    except OSError:
        return False
    return True


def reachable(host: str) -> str:
    """The address by which this machine reaches a server on ``host``, which may be all its addresses."""
    return {"0.0.0.0": "127.0.0.1", "": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 -- not bound here


def in_url(host: str) -> str:
    address = reachable(host)
    return f"[{address}]" if ":" in address else address


def family(host: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in host else socket.AF_INET
