"""ATT&CK tactics in the order of an attack, and the names of techniques.

ATT&CK is a registered trademark of The MITRE Corporation. Names and ids are those of v18.1 (Enterprise
and ICS); the tactics that v19 made of "Defense Evasion" are known besides it, since rules in circulation
use both. French names of tactics are ours; names of techniques stay English, as everywhere. What is not
known keeps its id, and is never lost.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from wardwatch.catalogue import files
from wardwatch.kernel.bilingual import Text
from wardwatch.kernel.errors import ContentError

TRADEMARK = Text(
    "ATT&CK is a registered trademark of The MITRE Corporation.",
    "ATT&CK est une marque déposée de The MITRE Corporation.",
)


@dataclass(frozen=True, slots=True)
class Tactic:
    """What an attacker is after: the word used in tags, ATT&CK's id, a name for people, its place from 0."""

    slug: str
    id: str
    name: Text
    order: int


@dataclass(frozen=True, slots=True)
class Technique:
    """How attackers reach it. `name` is the id where the technique is unknown; `tactics` are slugs."""

    id: str
    name: str
    tactics: tuple[str, ...] = ()

    @property
    def known(self) -> bool:
        """Say whether the technique is in the table."""
        return self.name != self.id

    @property
    def label(self) -> str:
        """The id with the name, where there is one."""
        return f"{self.id} {self.name}" if self.known else self.id


_TACTICS = (
    ("reconnaissance", "TA0043", "Reconnaissance", "Reconnaissance"),
    ("resource-development", "TA0042", "Resource development", "Préparation de moyens"),
    ("initial-access", "TA0001", "Initial access", "Accès initial"),
    ("execution", "TA0002", "Execution", "Exécution"),
    ("persistence", "TA0003", "Persistence", "Persistance"),
    ("privilege-escalation", "TA0004", "Privilege escalation", "Élévation de privilèges"),
    ("stealth", "TA0005", "Stealth", "Furtivité"),
    ("defense-evasion", "TA0005", "Defence evasion", "Contournement des défenses"),
    ("evasion", "TA0103", "Evasion", "Évasion"),
    ("defense-impairment", "TA0112", "Defence impairment", "Neutralisation des défenses"),
    ("credential-access", "TA0006", "Credential access", "Accès aux identifiants"),
    ("discovery", "TA0007", "Discovery", "Découverte"),
    ("lateral-movement", "TA0008", "Lateral movement", "Déplacement latéral"),
    ("collection", "TA0009", "Collection", "Collecte"),
    ("command-and-control", "TA0011", "Command and control", "Commande et contrôle"),
    ("exfiltration", "TA0010", "Exfiltration", "Exfiltration"),
    ("inhibit-response-function", "TA0107", "Safety functions inhibited", "Fonctions de sécurité inhibées"),
    ("impair-process-control", "TA0106", "Process control impaired", "Conduite du procédé altérée"),
    ("impact", "TA0040", "Impact", "Impact"),
)
TACTICS = tuple(Tactic(slug, id_, Text(en, fr), order) for order, (slug, id_, en, fr) in enumerate(_TACTICS))
_BY_SLUG = {tactic.slug: tactic for tactic in TACTICS}


def tactic(slug: str) -> Tactic:
    """Return the tactic of a tag's word; one that is not known comes last and keeps its word as its name."""
    found = _BY_SLUG.get(slug)
    return found or Tactic(slug, "", Text(slug.replace("-", " ")), len(TACTICS))


def technique(id_: str) -> Technique:
    """Return the technique of an id such as `T1003.001`; a sub-technique's name begins with its parent's."""
    entry = techniques().get(id_)
    if entry is None:
        return Technique(id_, id_)
    parent = techniques().get(id_.partition(".")[0]) if "." in id_ else None
    return Technique(id_, f"{parent.name}: {entry.name}", entry.tactics) if parent else entry


@cache
def techniques() -> dict[str, Technique]:
    """Every technique by id, read on the first call; raises `ContentError` if it cannot be."""
    return read(files.shipped("attack") / "techniques.json")


def read(path: Path) -> dict[str, Technique]:
    """Read a table of techniques: `{"schema": …, "techniques": {id: [name, tactic …]}}`."""
    try:
        document = json.loads(path.read_bytes())
        return {id_: Technique(id_, name, tuple(tactics)) for id_, (name, *tactics) in document["techniques"].items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ContentError(f"not a table of ATT&CK techniques: {error}", where=str(path)) from None


def tactics_of(tags: Iterable[str]) -> tuple[str, ...]:
    """The slugs of the tactics in Sigma tags (`attack.lateral-movement`, also with `_`), each once."""
    words = (tag[7:].lower().replace("_", "-") for tag in tags if tag.lower().startswith("attack."))
    return tuple(dict.fromkeys(word for word in words if word and not _is_id(word)))


def techniques_of(tags: Iterable[str]) -> tuple[str, ...]:
    """The ids of the techniques in Sigma tags (`attack.t1003.001`), each once."""
    words = (tag[7:].upper() for tag in tags if tag.lower().startswith("attack."))
    return tuple(dict.fromkeys(word for word in words if word.startswith("T") and _is_id(word.lower())))


def _is_id(word: str) -> bool:
    return len(word) > 1 and word[0] in "tgscm" and word[1].isdigit()
