r"""Alert v1 as text: one alert a line, complete, to be read back by us or by anything else.

Keys are those of `events.alert.Alert` in their order, after `format`; `level` is its word, times are ISO
8601 with `Z` and up to microseconds. JSON Lines: https://jsonlines.org (UTF-8, `\\n`, no empty lines).
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import fields
from typing import Any, TextIO

import orjson

from wardwatch.events.alert import FORMAT, Alert
from wardwatch.kernel import stamps
from wardwatch.kernel.errors import InputError
from wardwatch.kernel.severity import Level

MAX_LINE = 16 * 1024 * 1024  # characters of one alert that is read back
_KEYS = tuple(one.name for one in fields(Alert))
_TIMES = ("occurred_at", "last_at")
_TUPLES = ("tags", "event_ids")


def document(alert: Alert) -> dict[str, Any]:
    """The alert as a JSON object."""
    found: dict[str, Any] = {"format": FORMAT}
    for key in _KEYS:
        found[key] = getattr(alert, key)
    found["level"] = alert.level.word
    for key in _TIMES:
        found[key] = stamps.iso_text(found[key])
    return found


def line(alert: Alert) -> str:
    """The alert as one line of JSON, without the line's end."""
    found = document(alert)
    try:
        return orjson.dumps(found, default=_plain).decode()
    except TypeError:  # integers beyond 64 bits, lone surrogates: both are legal in logs
        return json.dumps(found, separators=(",", ":"), default=_plain)


def _plain(value: object) -> object:
    """Turn a mapping or sequence of a type that encoders do not know into one that they do."""
    return dict(value) if hasattr(value, "keys") else list(value)  # type: ignore[call-overload]


def parse(text: str) -> Alert:
    """Read one line back; raises `ValueError` on what is not an alert of this format."""
    found = json.loads(text)
    if not isinstance(found, dict):
        raise ValueError(f"not of format {FORMAT}")  # noqa: TRY004 - one kind of error for what is read
    return from_document(found)


def from_document(given: Mapping[str, Any]) -> Alert:
    """Make the alert of a JSON object; raises `ValueError` on what is not an alert of this format."""
    found = dict(given)
    if found.pop("format", None) != FORMAT:
        raise ValueError(f"not of format {FORMAT}")
    if unknown := sorted(found.keys() - set(_KEYS)):
        raise ValueError(f"unknown keys: {', '.join(unknown)[:80]}")
    for key in ("id", "tenant", "kind", "rule_id", "rule_title", "level", *_TIMES):
        if not isinstance(found.get(key), str):
            raise ValueError(f"no {key}")  # noqa: TRY004
    found["level"] = Level.parse(found["level"])
    for key in _TIMES:
        found[key] = stamps.iso(found[key])[0]
    for key in _TUPLES:
        found[key] = tuple(found.get(key, ()))
    if not isinstance(found.get("fields", {}), dict):
        raise ValueError("fields is not an object")  # noqa: TRY004
    return Alert(**found)


def read(stream: TextIO, name: str = "-") -> Iterator[Alert]:
    """Read alerts back; raises `InputError` with file and line for a line that is none."""
    number = 0
    while text := stream.readline(MAX_LINE + 1):
        number += 1
        if not text.strip():
            continue
        try:
            if len(text) > MAX_LINE:
                raise ValueError(f"longer than {MAX_LINE} characters")  # noqa: TRY301
            yield parse(text)
        except (ValueError, TypeError, AttributeError, RecursionError) as error:
            hint = "give a file that was written with --jsonl"
            raise InputError(f"not an alert: {error}", where=f"{name}:{number}", hint=hint) from None
