"""Bodies with what a protocol says beside them: when and where an event happened, and more fields.

A described body is MARK, the length of a JSON object (4 bytes, little-endian), that object (`time` in microseconds
UTC, `host`, `fields`), and then the body as it was (docs/reference/formats.md). No log begins like that; a body that
does, and goes on otherwise, is taken as it is.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson

MARK = b"\x00WWD1"
MAX_NAMES = 200  # of fields beside one event
_MAX_NAME = 200  # characters
_BEGIN = len(MARK) + 4


@dataclass(frozen=True, slots=True)
class Description:
    """What is said beside a body; it counts where the event itself says nothing. Times in µs UTC."""

    time: int | None = None
    host: str | None = None
    fields: Mapping[str, Any] = field(default_factory=dict)


def described(body: bytes, said: Description) -> bytes:
    """Return a body with what is said beside it; as it is where nothing is said."""
    fields = {name[:_MAX_NAME]: value for name, value in said.fields.items() if name and value is not None}
    if len(fields) > MAX_NAMES:
        fields = dict(list(fields.items())[:MAX_NAMES])
    stated = {"time": said.time, "host": said.host or None, "fields": fields or None}
    stated = {name: value for name, value in stated.items() if value is not None}
    if not stated and not body.startswith(MARK):
        return body
    text = orjson.dumps(stated)
    return MARK + len(text).to_bytes(4, "little") + text + body


def parts(body: bytes) -> tuple[Description | None, bytes]:
    """Take a described body apart; any other is returned as it is."""
    if not body.startswith(MARK):
        return None, body
    end = _BEGIN + int.from_bytes(body[len(MARK) : _BEGIN], "little")
    try:
        found = orjson.loads(body[_BEGIN:end])
        time, host, fields = found.get("time"), found.get("host"), found.get("fields") or {}
        if end > len(body) or not isinstance(time, int | None) or not isinstance(host, str | None):
            return None, body
        return Description(time, host, dict(list(dict(fields).items())[:MAX_NAMES])), body[end:]
    except (ValueError, TypeError, AttributeError):
        return None, body
