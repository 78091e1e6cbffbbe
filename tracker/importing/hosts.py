"""Which site a request was for: by its absolute target, else by the host that its line names."""

from urllib.parse import urlsplit

_NO_HOST = "-"


def host_of(url: str | None, host: str | None) -> str | None:
    """Return the host of a request, in lower case, without port, `www.` and the root's point; None for none."""
    if url is not None and not url.startswith("/"):
        try:
            host = urlsplit(url).netloc.rpartition("@")[2] or host
        except ValueError:
            return _NO_HOST  # An absolute target whose host cannot be read is no site's.
    if host is None:
        return None
    name = host.rpartition(":")[0] if host.rpartition(":")[2].isdecimal() else host
    return name.lower().removeprefix("www.").removesuffix(".")


def is_of_domain(host: str, domain: str) -> bool:
    """Return whether a host, as `host_of` returns it, is a domain or below it."""
    bare = domain.removeprefix("www.")
    return host == bare or host.endswith(f".{bare}")
