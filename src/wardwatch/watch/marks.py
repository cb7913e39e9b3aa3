r"""What alerts can have in common: hosts, users and indicators, each as a mark such as `host:dc01`.

Names are made alike first: `DC01.chu.example` and `dc01` are one host, `CHU\ida` and `ida@chu.example` one user. What
everybody shares tells nothing and is no mark: accounts such as SYSTEM, addresses such as 127.0.0.1.
"""

import ipaddress
import re
from collections.abc import Iterable, Iterator
from functools import lru_cache

from wardwatch.events.alert import Alert
from wardwatch.events.record import Value
from wardwatch.kernel.severity import Level

MAX_INDICATORS = 16  # of one alert
MAX_VALUE = 256  # characters of a mark's value
HOST, USER, IP, HASH, DOMAIN, RULE = "host", "user", "ip", "hash", "domain", "rule"
INDICATORS = frozenset({IP, HASH, DOMAIN})

_NOBODY = frozenset(
    [
        *("", "-", "n/a", "none", "null", "unknown", "anonymous", "anonymous logon", "everyone", "guest", "nobody"),
        *("system", "système", "local service", "network service", "service local", "service réseau", "localsystem"),
        *("root", "administrator", "administrateur", "admin", "dwm-1", "dwm-2", "umfd-0", "umfd-1", "www-data"),
    ]
)
_IPV6 = 45  # characters of the longest address as text
_IPV4 = re.compile(r"\d{1,3}(?:\.\d{1,3}){3}\Z")
_DIGESTS = re.compile(r"(?<![0-9A-Za-z])(?:[0-9a-fA-F]{64}|[0-9a-fA-F]{40}|[0-9a-fA-F]{32})(?![0-9A-Za-z])")
_ADDRESS_FIELD = re.compile(r"ip|addr|client|remote|peer|dst|src", re.IGNORECASE)
_HASH_FIELD = re.compile(r"hash|md5|sha1|sha256", re.IGNORECASE)
_NAME_FIELDS = frozenset(
    [
        *("workstation", "workstationname", "sourcehostname", "destinationhostname", "targetservername", "queryname"),
        *("query", "cs-host", "dns.question.name", "destination.domain", "url.domain", "server_name"),
    ]
)


def host_name(name: str) -> str:
    """A computer's name as it is compared: its first label in lower case, or its address as it is."""
    text = name.strip().lower()[:MAX_VALUE]
    return text if _address(text) else text.partition(".")[0]


def user_name(name: str) -> str:
    """An account's name as it is compared, without its domain; empty for accounts that everybody has."""
    text = name.strip().lower()[:MAX_VALUE].rpartition("\\")[2].partition("@")[0]
    return "" if text in _NOBODY or text.endswith("$") else text


def of_alert(alert: Alert) -> tuple[str, ...]:
    """The marks of an alert, sorted; at most `MAX_INDICATORS` of them are indicators.

    Its rule is one where it is grave (the same on many hosts at once is an outbreak), or where there is nothing else.
    """
    found = set()
    if alert.host and (name := host_name(alert.host)):
        found.add(of_host(name))
    if alert.user and (user := user_name(alert.user)):
        found.add(f"{USER}:{user}")
    indicators = sorted({*_found_in(alert.fields.items()), *_found_in(alert.group.items())})
    found.update(indicators[:MAX_INDICATORS])
    if alert.level >= Level.HIGH or not found:
        found.add(f"{RULE}:{alert.rule_id}")
    return tuple(sorted(found))


def of_host(name: str) -> str:
    """The mark of a host, by its name as it is compared."""
    return f"{IP if _address(name) else HOST}:{name}"


def kind_of(mark: str) -> str:
    """The kind of a mark: what stands before its colon."""
    return mark.partition(":")[0]


def value_of(mark: str) -> str:
    """The value of a mark."""
    return mark.partition(":")[2]


def _found_in(fields: Iterable[tuple[str, Value]]) -> Iterator[str]:
    for name, value in fields:
        if isinstance(value, str):
            yield from _found(name, value)
        elif isinstance(value, list | tuple):
            for one in value[:MAX_INDICATORS]:
                if isinstance(one, str):
                    yield from _found(name, one)


def _found(name: str, value: str) -> Iterator[str]:
    kind = _field_kind(name)
    if kind == HASH:
        yield from (f"{HASH}:{digest.lower()}" for digest in _DIGESTS.findall(value[:MAX_VALUE]))
    elif kind == IP and (address := _address(value)):
        yield f"{IP}:{address}"
    elif kind == DOMAIN and 1 < len(value) < MAX_VALUE:
        text = value.strip().lower().rstrip(".").lstrip("\\")
        if (address := _address(text)) or " " in text:
            return
        if "." in text:
            yield f"{DOMAIN}:{text}"
        elif text not in _NOBODY:
            yield f"{HOST}:{text}"


@lru_cache(maxsize=4096)
def _field_kind(name: str) -> str:
    if _HASH_FIELD.search(name):
        return HASH
    if name.lower() in _NAME_FIELDS:
        return DOMAIN
    return IP if _ADDRESS_FIELD.search(name) else ""


def _address(text: str) -> str:
    """The text as an address that can tell two computers apart, else nothing."""
    if not (_IPV4.match(text) or (":" in text and len(text) <= _IPV6)):
        return ""
    return _telling(text)


@lru_cache(maxsize=16_384)
def _telling(text: str) -> str:
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return ""
    mapped = getattr(address, "ipv4_mapped", None)
    address = mapped or address
    useless = address.is_loopback or address.is_unspecified or address.is_link_local or address.is_multicast
    return "" if useless or text == "255.255.255.255" else str(address)
