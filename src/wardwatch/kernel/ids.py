"""Ids without a central authority: the same evidence always has the same id (DESIGN section 4)."""

import hashlib

DIGEST_SIZE = 16


def digest(kind: str, *parts: bytes) -> bytes:
    """16 bytes of BLAKE2b (RFC 7693) over length-prefixed `parts`; `kind` separates the uses of the hash."""
    hasher = hashlib.blake2b(digest_size=DIGEST_SIZE, person=kind.encode()[:16])
    for part in parts:
        hasher.update(len(part).to_bytes(8, "little"))
        hasher.update(part)
    return hasher.digest()


def event_prefix(tenant: str, origin: bytes) -> "hashlib.blake2b":
    """Return the hash state shared by all events of one origin; see `event_id`."""
    hasher = hashlib.blake2b(digest_size=DIGEST_SIZE, person=b"event/1")
    hasher.update(len(tenant.encode()).to_bytes(8, "little") + tenant.encode())
    hasher.update(len(origin).to_bytes(8, "little") + origin)
    return hasher


def event_id(prefix: "hashlib.blake2b", ordinal: int) -> bytes:
    """16 bytes: blake2b-128(tenant, origin, ordinal). `prefix` comes from `event_prefix`."""
    hasher = prefix.copy()
    hasher.update(ordinal.to_bytes(8, "little"))
    return hasher.digest()


def alert_id(tenant: str, rule: str, event: bytes) -> bytes:
    """16 bytes naming the alert of one rule on one event."""
    return digest("alert/1", tenant.encode(), rule.encode(), event)


def correlation_alert_id(tenant: str, rule: str, group: tuple[str | None, ...], earliest: bytes) -> bytes:
    """16 bytes naming the alert of a correlation: its group's values and the earliest event of the episode.

    `None` (field absent) and the empty string are different groups.
    """
    values = [b"\x00" if value is None else b"\x01" + value.encode("utf-8", "surrogatepass") for value in group]
    return digest("correlation/1", tenant.encode(), rule.encode(), earliest, *values)
