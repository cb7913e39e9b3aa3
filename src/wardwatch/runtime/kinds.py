"""The kinds of values that settings have: how each is read from TOML or the environment, and how it is shown.

A `read` takes what TOML gives, or the text of a variable, and raises `ValueError` with what was expected.
"""

import ipaddress
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from wardwatch.kernel import stamps

_SIZE = re.compile(r"(\d{1,12}) ?(B|KiB|MiB|GiB|TiB)?")
_UNITS = {None: 1, "B": 1, "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30, "TiB": 1 << 40}
_SPANS = (("d", 86_400_000_000), ("h", 3_600_000_000), ("m", 60_000_000), ("s", 1_000_000), ("ms", 1_000))
_ADDRESS = re.compile(r"(\[[0-9a-fA-F:.]{2,45}\]|[^:\[\]\s]{1,253}):(\d{1,5})")
_HIGHEST_PORT = 65_535
_LONGEST = 36_500  # days


@dataclass(frozen=True, slots=True)
class Kind:
    """`read` makes a value of what was written; `show` writes it as TOML."""

    read: Callable[[object], Any]
    show: Callable[[Any], str]


def quoted(text: str) -> str:
    """Write a text as TOML."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError("a text")  # noqa: TRY004  (what a setting has wrong is its value)
    return value


def _number(value: object) -> int:
    if isinstance(value, str) and re.fullmatch(r"\d{1,15}", value):
        return int(value)
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise ValueError("a whole number")
    return value


def _days(value: object) -> int:
    found = _number(value)
    if not 0 < found <= _LONGEST:
        raise ValueError(f"days, from 1 to {_LONGEST}")
    return found


def _holidays(value: object) -> str:
    if not re.fullmatch(r"([A-Z]{2}(-[A-Z0-9]{1,3})?)?", _text(value)):
        raise ValueError("a country such as FR, or one of its parts such as DE-BY")
    return str(value)


def _truth(value: object) -> bool:
    if isinstance(value, str) and value.lower() in {"true", "false", "1", "0", "yes", "no"}:
        return value.lower() in {"true", "1", "yes"}
    if not isinstance(value, bool):
        raise ValueError("true or false")  # noqa: TRY004
    return value


def _size(value: object) -> int:
    found = _SIZE.fullmatch(str(value)) if isinstance(value, str | int) and not isinstance(value, bool) else None
    if found is None:
        raise ValueError("a size such as 64MiB")
    return int(found[1]) * _UNITS[found[2]]


def _show_size(value: int) -> str:
    for unit in ("TiB", "GiB", "MiB", "KiB"):
        if value and value % _UNITS[unit] == 0:
            return f'"{value // _UNITS[unit]}{unit}"'
    return str(value)


def _span(value: object) -> int:
    if not isinstance(value, str):
        raise ValueError("a span of time such as 30s, 10m, 4h or 90d")  # noqa: TRY004
    return stamps.duration(value)


def _show_span(value: int) -> str:
    unit, length = next((one for one in _SPANS if value % one[1] == 0), ("ms", 1_000))
    return f'"{value // length}{unit}"'


def _texts(value: object) -> tuple[str, ...]:
    if isinstance(value, str):
        value = [one.strip() for one in value.split(",") if one.strip()]
    if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
        raise ValueError("a list of texts")
    return tuple(value)


def split_address(address: str) -> tuple[str, int]:
    """Take `host:port` or `[address]:port` apart; raises `ValueError`. Port 0 lets the system choose."""
    found = _ADDRESS.fullmatch(address)
    if found is None or int(found[2]) > _HIGHEST_PORT:
        raise ValueError(f"an address such as 127.0.0.1:5514 or [::1]:5514, not {address!r}")
    return found[1].strip("[]"), int(found[2])


def is_loopback(host: str) -> bool:
    """Whether a host is this machine itself."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _addresses(value: object) -> tuple[str, ...]:
    found = _texts(value)
    for one in found:
        split_address(one)
    return found


def _show_texts(value: tuple[str, ...]) -> str:
    return f"[{', '.join(quoted(one) for one in value)}]"


TEXT = Kind(_text, quoted)
NUMBER = Kind(_number, str)
HOLIDAYS = Kind(_holidays, quoted)
DAYS = Kind(_days, str)
TRUTH = Kind(_truth, lambda value: str(value).lower())
SIZE = Kind(_size, _show_size)
SPAN = Kind(_span, _show_span)
ADDRESSES = Kind(_addresses, _show_texts)
TEXTS = Kind(_texts, _show_texts)


def tables(**columns: str) -> Kind:
    """A list of tables whose keys are all texts: `columns` names each with what it is."""

    def read(value: object) -> tuple[Mapping[str, str], ...]:
        if not isinstance(value, list):
            raise ValueError("a list of tables (only in the file)")  # noqa: TRY004
        for one in value:
            if (
                not isinstance(one, dict)
                or set(one) != set(columns)
                or not all(isinstance(x, str) for x in one.values())
            ):
                wanted = ", ".join(f"{name} ({what})" for name, what in columns.items())
                raise ValueError(f"tables with {wanted}")
        return tuple(value)

    def show(value: tuple[Mapping[str, str], ...]) -> str:
        rows = (", ".join(f"{name} = {quoted(text)}" for name, text in one.items()) for one in value)
        return f"[{', '.join(f'{{ {row} }}' for row in rows)}]"

    return Kind(read, show)


def _keeping(value: object) -> tuple[Mapping[str, str | int], ...]:
    if not isinstance(value, list) or not all(isinstance(one, dict) for one in value):
        raise ValueError("a list of tables (only in the file)")
    found: list[Mapping[str, str | int]] = []
    for one in value:
        names = {name: _text(one[name]) for name in ("tenant", "source") if name in one}
        if not names or set(one) != {"days", *names}:
            raise ValueError("tables with days, and tenant or source or both")
        found.append({"days": _days(one["days"]), **names})
    return tuple(found)


def _show_keeping(value: tuple[Mapping[str, str | int], ...]) -> str:
    texts = ({name: str(one) if isinstance(one, int) else quoted(one) for name, one in row.items()} for row in value)
    rows = (", ".join(f"{name} = {text}" for name, text in row.items()) for row in texts)
    return f"[{', '.join(f'{{ {row} }}' for row in rows)}]"


KEEPING = Kind(_keeping, _show_keeping)


PROVIDERS = tables(
    name="what people read",
    server="address of the provider",
    client="our id there",
    secret_file="below the home",  # noqa: S106  (no secret: where one lies)
)
