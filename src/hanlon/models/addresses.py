"""Which addresses are this machine, and which proxies a call would go through."""

import ipaddress
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass


def is_loopback(url: str) -> bool:
    """Whether a URL names this machine."""
    host = urlsplit(url).hostname or ""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    return address.is_loopback or address.is_unspecified


def unusable_proxy(url: str) -> str | None:
    """The environment's proxy for a URL where the client cannot use it, as `variable=scheme`; None where all is well.

    The client reads all of the variables, and a SOCKS proxy in any of them stops it.
    """
    if is_loopback(url) or proxy_bypass(urlsplit(url).hostname or ""):
        return None
    for scheme, proxy in getproxies().items():
        kind = proxy.partition("://")[0].lower() if "://" in proxy else "http"
        if scheme in ("http", "https", "all") and kind not in ("http", "https"):
            return f"{scheme}_proxy={kind}://..."
    return None
