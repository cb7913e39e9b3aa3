"""Assets of a hospital: computers, devices, systems; where they are, and whether they may be cut off the network."""

import ipaddress
import re
from dataclasses import dataclass
from enum import StrEnum

from wardwatch.estate.care import Care
from wardwatch.kernel import ids

FORMAT = "wardwatch/asset/1"
MAX_NAME, MAX_TEXT, MAX_VALUES = 64, 500, 20
_NAME = re.compile(r"[^\W_][\w.\- ]{0,63}")
_AE_TITLE = re.compile(r"[\x20-\x5b\x5d-\x7e]{1,16}")  # DICOM PS3.5, value representation AE


class Kind(StrEnum):
    """What an asset is, roughly."""

    SERVER = "server"
    WORKSTATION = "workstation"
    MEDICAL = "medical"
    NETWORK = "network"
    BUILDING = "building"
    MOBILE = "mobile"
    OTHER = "other"
    UNKNOWN = "unknown"  # seen on the network, and nobody has said yet


class Isolation(StrEnum):
    """Whether an asset may be cut off the network: by itself, after somebody approved it, or never by Wardwatch."""

    AUTOMATIC = "automatic"
    APPROVAL = "approval"
    NEVER = "never"


class Known(StrEnum):
    """How an asset came to be known."""

    PERSON = "person"
    IMPORTED = "imported"
    LEARNED = "learned"


@dataclass(frozen=True, slots=True)
class Zone:
    """A part of the network with its own rules. `id` is that of a template where it is one of these."""

    id: str
    name: str
    networks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Site:
    """A place of the hospital."""

    id: str
    name: str
    town: str = ""


@dataclass(frozen=True, slots=True)
class Asset:
    """One asset.

    Args:
        id: 32 hex digits, made of tenant and name.
        tenant: the hospital.
        name: as people and logs call it; unique within the hospital, whatever its case.
        kind, zone, site: see above; empty where nobody has said.
        addresses, hostnames, ae_titles: by which logs may know it, too.
        system: id of the system that it is a part of, such as `pacs` (`templates.systems`).
        needs: ids of systems or assets without which it does not work, beyond those of its system.
        isolation: what a person decided; `None`: the default (`isolation_of`).
        owner, supplier, note: texts.
        known: how it came to be known.
        source: the log source that it was learned from.
        first_at, last_at: µs UTC, when it was first and last seen in logs; `None`: never.
    """

    id: str
    tenant: str
    name: str
    kind: Kind = Kind.UNKNOWN
    zone: str = ""
    site: str = ""
    addresses: tuple[str, ...] = ()
    hostnames: tuple[str, ...] = ()
    ae_titles: tuple[str, ...] = ()
    system: str = ""
    needs: tuple[str, ...] = ()
    isolation: Isolation | None = None
    owner: str = ""
    supplier: str = ""
    note: str = ""
    known: Known = Known.PERSON
    source: str = ""
    first_at: int | None = None
    last_at: int | None = None


def asset_id(tenant: str, name: str) -> str:
    """Name an asset: the same whatever the case of its name."""
    return ids.digest("asset/1", tenant.encode(), plain_name(name).encode()).hex()


def plain_name(name: str) -> str:
    """A name as it is compared: in lower case, without blanks around it."""
    return name.strip().lower()


def isolation_of(asset: Asset, care: Care) -> Isolation:
    """What a person decided; else never where care stands on the asset, and with approval otherwise.

    Never by default: whoever knows that care goes on without it says so; nothing else may cut care off.
    """
    if asset.isolation is not None:
        return asset.isolation
    return Isolation.NEVER if care.services else Isolation.APPROVAL


def is_name(text: str) -> bool:
    """Whether a text can be an asset's name: letters, digits, `.`, `-`, `_` and blanks."""
    return bool(_NAME.fullmatch(text))


def is_address(text: str) -> bool:
    """Whether a text is an IP address (v4 or v6)."""
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def is_ae_title(text: str) -> bool:
    """Whether a text can be a DICOM application entity title."""
    return bool(_AE_TITLE.fullmatch(text)) and bool(text.strip())
