"""First looks: how much of a file's beginning has a certain shape. Used by sources to sniff."""

import re

LINES_LOOKED_AT = 40
_LINE_END = re.compile(rb"[\r\n]+")


def first_lines(head: bytes, limit: int = LINES_LOOKED_AT) -> list[bytes]:
    """Return the first `limit` lines of `head` that are not blank; a byte order mark is left out.

    The last line of a full head is likely to be cut, so it counts only if there is no other.
    """
    found = [line for line in _LINE_END.split(head.removeprefix(b"\xef\xbb\xbf"), limit + 1) if line.strip()]
    return found[: min(limit, max(1, len(found) - 1))] if len(found) > 1 and head[-1:] not in b"\r\n" else found[:limit]


def share(head: bytes, pattern: re.Pattern[bytes]) -> float:
    """Return which share (0 to 1) of the first lines of `head` holds `pattern`; 0 for an empty head."""
    looked_at = first_lines(head)
    return sum(1 for line in looked_at if pattern.search(line)) / len(looked_at) if looked_at else 0.0


def confidence(head: bytes, pattern: re.Pattern[bytes], certain: int) -> int:
    """Turn `share` into a confidence: `certain` if all lines fit, 0 if fewer than half of them do."""
    fitting = share(head, pattern)
    return round(certain * fitting) if fitting >= 0.5 else 0  # noqa: PLR2004  (half of the lines)
