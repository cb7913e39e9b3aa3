"""Files kept as evidence: what they are by their hash, and who had them in hands (ISO/IEC 27037, chain of custody)."""

import re
from dataclasses import dataclass, replace

from wardwatch.kernel import ids

MAX_CUSTODY = 1_000
MAX_NAME = 255  # characters of a file's name
_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Custody:
    """One hand: who did what (a key: `taken_in`, `read`, `copied`, `handed_over`, `returned`) when (µs UTC)."""

    by: str
    at: int
    what: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class Evidence:
    """A file: its name as it came, SHA-256 (hex, FIPS 180-4), size in bytes, and its chain of custody, oldest first."""

    id: str
    name: str
    sha256: str
    size: int
    custody: tuple[Custody, ...] = ()

    def handled(self, hand: Custody) -> "Evidence":
        """The same file with one more hand at the end of its chain."""
        return replace(self, custody=(*self.custody, hand))


def problem(name: str, sha256: str, size: int) -> str | None:
    """Why this cannot be evidence, as a reason's key; `None` if it can."""
    if not name or len(name) > MAX_NAME or any(ord(one) < ord(" ") for one in name):
        return "evidence_name"
    if not _SHA256.fullmatch(sha256) or size < 0:
        return "evidence_hash"
    return None


def evidence_id(incident: str, sha256: str) -> str:
    """The same file in the same incident has the same id."""
    return ids.digest("evidence/1", incident.encode(), sha256.encode()).hex()
