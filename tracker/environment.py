"""Values of the environment: each read once, checked, and refused in one line that names the variable.

`NAME_FILE` reads the value of `NAME` from a file. An empty value is an absent one.
"""

import ipaddress
import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Final
from urllib.parse import unquote, urlsplit

from environs import FileAwareEnv

from tracker.errors import SettingsInvalid
from tracker.server_urls import WRONG_WITH

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
_MAX_PROXIES: Final = 16
_MAPPED_BITS: Final = 96
_BUCKET_URL: Final = re.compile(r"s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](/[A-Za-z0-9!_.*'()-]+)*/?")


def read_dotenv(env: FileAwareEnv) -> None:
    """Put what the `.env` of the working directory sets below the process's environment, where there is one.

    Who may not enter that directory has none there: `sudo -u tracker` in /root. Raises SettingsInvalid for a file that
    cannot be read.
    """
    if not os.access(".", os.X_OK, effective_ids=os.access in os.supports_effective_ids):
        return
    try:
        if Path(".env").is_file():
            env.read_env(".env", recurse=False)
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsInvalid(
            f"The file .env in {Path.cwd()} is not accepted: it must be a text file in UTF-8 that this user may read."
        ) from error


def text(env: FileAwareEnv, name: str, default: str = "") -> str:
    """Return the stripped value of `name` or of the file that `name`_FILE points to."""
    try:
        value: str = env.str(name, "")
    except (ValueError, OSError) as error:
        raise refuse(f"{name}_FILE", env.str(f"{name}_FILE", ""), "it must name a readable text file") from error
    return value.strip() or default


def refuse(name: str, value: str, accepted: str) -> SettingsInvalid:
    return SettingsInvalid(f"{name}={value!r} is not accepted: {accepted}.")


def url(env: FileAwareEnv, name: str, schemes: Sequence[str], *, default: str = "") -> str:
    """Return a URL with one of `schemes`. Of a refused one only the scheme is quoted: it may hold a password."""
    value = text(env, name, default)
    accepted = f"it must be a URL that begins with {' or '.join(scheme + '://' for scheme in schemes)}"
    if not value:
        raise SettingsInvalid(f"{name} is not set: {accepted}. Write it into .env in {Path.cwd()}, or export it.")
    scheme, separator, _ = value.partition("://")
    if not separator or scheme not in schemes:
        raise refuse(name, f"{scheme}://…" if separator else "…", accepted)
    if wrong := WRONG_WITH[scheme](value):
        raise refuse(name, f"{scheme}://…", wrong)
    return value


def endpoint(env: FileAwareEnv, name: str) -> str | None:
    """Return an http URL below which paths are called, or None where none is set."""
    value = text(env, name)
    if value and not re.fullmatch(r"https?://[^\s/?#@]+(/[^\s?#]*)?", value):
        raise refuse(name, "…", "it must be a URL that begins with http:// or https://, without a password or query")
    return value or None


def whole(env: FileAwareEnv, name: str, default: int, *, low: int, high: int) -> int:
    value = text(env, name, str(default))
    if not re.fullmatch(r"[+-]?[0-9]{1,18}", value) or not low <= int(value) <= high:
        raise refuse(name, value, f"a whole number from {low} to {high}")
    return int(value)


def choice(env: FileAwareEnv, name: str, choices: Sequence[str], default: str) -> str:
    value = text(env, name, default).lower()
    if value not in choices:
        raise refuse(name, value, " or ".join(choices))
    return value


def folder_path(
    env: FileAwareEnv, name: str, default: str, accepted: str = "it must be a folder, as a path or as file:///path"
) -> Path:
    """Return a folder, by its path or as a file URL; it need not be there yet."""
    value = text(env, name, default)
    try:
        parts = urlsplit(value)
    except ValueError as error:  # Brackets that hold no IPv6 address.
        raise refuse(name, value, accepted) from error
    if parts.scheme == "file" and parts.netloc in ("", "localhost") and parts.path:
        return Path(unquote(parts.path))
    if "://" in value or "\0" in value:
        raise refuse(name, value, accepted)
    return Path(value).absolute()


def folder_or_bucket(env: FileAwareEnv, name: str, default: str) -> Path | str:
    """Return a folder as above, or the URL of a bucket, `s3://BUCKET` or `s3://BUCKET/PREFIX`, as it is."""
    value = text(env, name, default)
    if not value.startswith("s3://"):
        return folder_path(
            env, name, default, "it must be a folder, as a path or as file:///path, or s3://bucket/prefix"
        )
    if not _BUCKET_URL.fullmatch(value):
        # What somebody took for a place of keys is not shown.
        raise refuse(name, "s3://…", "it must name a bucket, s3://bucket or s3://bucket/prefix, and nothing else")
    return value


def file_path(env: FileAwareEnv, name: str) -> Path | None:
    """Return the path of a file, if one is named; only the process that reads it has to see it."""
    value = text(env, name)
    if "\0" in value:
        raise refuse(name, value, "it must be the path of a file")
    return Path(value).absolute() if value else None


def name_in(env: FileAwareEnv, name: str, default: str) -> str:
    value = text(env, name, default)
    if value != default and not re.fullmatch(r"[A-Za-z0-9_.-]{1,50}", value):
        raise refuse(name, value, "1 to 50 letters, digits, points, dashes and underscores")
    return value


def networks(env: FileAwareEnv, name: str) -> tuple[Network, ...]:
    value = text(env, name)
    try:
        return tuple(ipaddress.ip_network(part.strip()) for part in value.split(",") if part.strip())
    except ValueError as error:
        raise refuse(name, value, f"networks as CIDRs, separated by commas ({error})") from error


def proxies(env: FileAwareEnv, name: str) -> int | tuple[Network, ...]:
    """Return a number of proxies, or their networks; everybody's network would let anybody forge an address."""
    value = text(env, name, "0")
    if re.fullmatch(r"[0-9]{1,2}", value) and int(value) <= _MAX_PROXIES:
        return int(value)
    accepted = f"a whole number from 0 to {_MAX_PROXIES}, or the proxies' networks as CIDRs, separated by commas"
    if not re.search(r"[.:]", value):
        raise refuse(name, value, accepted)
    try:
        networks = tuple(_plain(ipaddress.ip_network(part.strip())) for part in value.split(",") if part.strip())
    except ValueError as error:
        raise refuse(name, value, f"{accepted} ({error})") from error
    if _holds_everybody(networks):
        raise refuse(name, value, f"{accepted}; a network of all addresses would let anybody forge one")
    return networks


def _holds_everybody(networks: Sequence[Network]) -> bool:
    """Return whether together they hold every address of IPv4 or of IPv6."""
    v4 = [network for network in networks if isinstance(network, ipaddress.IPv4Network)]
    v6 = [network for network in networks if isinstance(network, ipaddress.IPv6Network)]
    joined: tuple[Network, ...] = (*ipaddress.collapse_addresses(v4), *ipaddress.collapse_addresses(v6))
    return any(network.prefixlen == 0 for network in joined)


def _plain(network: Network) -> Network:
    """Return the network in IPv4 where it is IPv4 in IPv6 (RFC 4291, 2.5.5.2), as addresses are compared."""
    mapped = network.network_address.ipv4_mapped if isinstance(network, ipaddress.IPv6Network) else None
    if mapped is None or network.prefixlen < _MAPPED_BITS:
        return network
    return ipaddress.IPv4Network((mapped, network.prefixlen - _MAPPED_BITS))


def ports(env: FileAwareEnv, name: str) -> frozenset[int]:
    value = text(env, name)
    parts = [part.strip() for part in value.split(",") if part.strip()]
    if not all(re.fullmatch(r"[0-9]{1,5}", part) and int(part) in range(1, 65536) for part in parts):
        raise refuse(name, value, "ports from 1 to 65535, separated by commas")
    return frozenset(int(part) for part in parts)
