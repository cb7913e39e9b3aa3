"""A tuning as a file: `tuning/<tenant>/<slug>.yml`, schema `wardwatch/tuning/1` (docs/reference/formats.md)."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import yaml

from wardwatch.catalogue import files
from wardwatch.catalogue.files import ContentFile
from wardwatch.kernel import stamps
from wardwatch.kernel.disk import Disk, atomic_write
from wardwatch.kernel.errors import ContentError, InputError, WardwatchError
from wardwatch.kernel.tenants import checked

SCHEMA = "wardwatch/tuning/1"
LONGEST = 366 * 86_400_000_000  # µs from its beginning to its end: a year, and one day where it is a leap year
MAX_TUNINGS = 10_000
_ENDING = ".yml"
_SLUG = re.compile(r"[a-z0-9][a-z0-9-]{0,79}")
_KEYS = frozenset({"schema", "rule", "tenant", "owner", "reason", "created_at", "expires_at", "detection"})
_MAX_TEXT = 2_000  # characters of owner and reason


@dataclass(frozen=True, slots=True)
class Tuning:
    """What one rule no longer says in one hospital, who answers for that, why, and until when (µs UTC).

    `detection` is Sigma's: what it matches is withheld. Of a correlation it looks at the values of the group.
    """

    slug: str
    tenant: str
    rule: str
    detection: Mapping[str, Any]
    owner: str
    reason: str
    created_at: int
    expires_at: int

    def holds(self, at: int) -> bool:
        """Whether it applies at a time."""
        return at < self.expires_at


def text(tuning: Tuning) -> str:
    """Return the tuning as YAML."""
    stated = {
        "schema": SCHEMA,
        "rule": tuning.rule,
        "tenant": tuning.tenant,
        "owner": tuning.owner,
        "reason": tuning.reason,
        "created_at": stamps.iso_text(tuning.created_at),
        "expires_at": stamps.iso_text(tuning.expires_at),
        "detection": dict(tuning.detection),
    }
    return yaml.safe_dump(stated, sort_keys=False, allow_unicode=True, width=120)


def parse(file: ContentFile, slug: str, tenant: str | None = None) -> Tuning:
    """Read a tuning; raises `ContentError` for what it lacks. `tenant` is the one whose folder it lies in."""
    documents = files.documents(file)
    if len(documents) != 1:
        raise ContentError("a tuning is one YAML document", where=file.path)
    found = documents[0]
    if found.get("schema") != SCHEMA:
        raise ContentError(f"schema is not {SCHEMA}", where=file.path)
    if unknown := sorted(str(key) for key in found if key not in _KEYS):
        raise ContentError(f"unknown: {', '.join(unknown)[:80]}", where=file.path)
    words = {key: _word(found, key, file.path) for key in ("rule", "tenant", "owner", "reason")}
    if tenant is not None and words["tenant"] != tenant:
        raise ContentError(f"a tuning of {words['tenant']!r} in the folder of {tenant!r}", where=file.path)
    if not _SLUG.fullmatch(slug):
        raise ContentError("a tuning's file is named with lower-case letters, digits and hyphens", where=file.path)
    detection = found.get("detection")
    if not isinstance(detection, dict) or "condition" not in detection:
        raise ContentError("detection needs selections and a condition, as in Sigma", where=file.path)
    begun, ends = (_time(found, key, file.path) for key in ("created_at", "expires_at"))
    tuning = Tuning(
        slug, words["tenant"], words["rule"], detection,
        owner=words["owner"], reason=words["reason"], created_at=begun, expires_at=ends,
    )  # fmt: skip
    if not 0 <= tuning.expires_at - tuning.created_at <= LONGEST:
        raise ContentError("expires_at lies after created_at, by a year at most", where=file.path)
    try:
        checked(tuning.tenant)
    except InputError as error:
        raise ContentError(error.what, where=file.path, hint=error.hint) from None
    return tuning


def _word(found: Mapping[str, Any], key: str, path: str) -> str:
    word = found.get(key)
    if not isinstance(word, str) or not word.strip() or len(word) > _MAX_TEXT:
        raise ContentError(f"{key} is missing", where=path, hint="a tuning has rule, tenant, owner and reason")
    return word.strip()


def _time(found: Mapping[str, Any], key: str, path: str) -> int:
    stated = found.get(key)
    if isinstance(stated, datetime):
        return stamps.micros(stated if stated.tzinfo else stated.replace(tzinfo=UTC))
    if isinstance(stated, date):
        return stamps.micros(datetime(stated.year, stated.month, stated.day, tzinfo=UTC))
    try:
        return stamps.iso(stated if isinstance(stated, str) else "")[0]
    except (ValueError, OverflowError):
        raise ContentError(f"{key} is no time", where=path, hint="write 2026-11-23T02:00:00Z") from None


def read(folder: Path) -> tuple[list[Tuning], list[ContentError]]:
    """Read the tunings of all tenants, by name, and what is wrong with the others: a broken one stops nothing."""
    tunings: list[Tuning] = []
    errors: list[ContentError] = []
    for path in sorted(folder.glob(f"*/*{_ENDING}"))[:MAX_TUNINGS] if folder.is_dir() else ():
        for file in files.find([path] if path.is_file() else []):
            try:
                tunings.append(parse(file, path.stem, path.parent.name))
            except WardwatchError as error:
                errors.append(ContentError(error.what, where=error.where or str(path), hint=error.hint))
    return tunings, errors


def place(folder: Path, tuning: Tuning) -> Path:
    """Where a tuning is kept."""
    return folder / checked(tuning.tenant) / f"{tuning.slug}{_ENDING}"


def add(folder: Path, tuning: Tuning, disk: Disk) -> Path:
    """Keep a new tuning, durably; raises `InputError` where there is one of that name."""
    path = place(folder, tuning)
    if path.exists():
        raise InputError("there is a tuning of that name", where=str(path), hint="expire it, or choose another name")
    parse(ContentFile(str(path), text(tuning).encode()), tuning.slug, tuning.tenant)
    disk.make_folder(path.parent)
    atomic_write(disk, path, text(tuning).encode())
    return path


def expire(folder: Path, tenant: str, slug: str, now: int, disk: Disk) -> Tuning:
    """Let a tuning end now; the file stays, as a record. Raises `InputError` where there is none of that name."""
    path = folder / checked(tenant) / f"{slug}{_ENDING}"
    if not _SLUG.fullmatch(slug) or not path.is_file():
        raise InputError(f"no tuning {slug[:80]!r} of {tenant}", where=str(folder), hint="see `wardwatch tune list`")
    (file,) = files.find([path])
    tuning = parse(file, slug, tenant)
    ended = replace(tuning, expires_at=max(tuning.created_at, min(now, tuning.expires_at)))
    atomic_write(disk, path, text(ended).encode())
    return ended


def slug_of(title: str, marked: str) -> str:
    """Return a name for a tuning of a rule: words of its title, and a mark that tells it from others."""
    words = re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")[:60].strip("-")
    return f"{words or 'tuning'}-{marked[:8]}"
