"""What silence says: the rules of its alerts, as content (`content/signals/*.yml`) with texts in both languages."""

from collections.abc import Mapping
from functools import cache

from wardwatch.catalogue import files
from wardwatch.detection import rules as values
from wardwatch.detection.rules import Rule
from wardwatch.kernel.errors import ContentError

SCHEMA = "wardwatch/signal/1"
STOPPED = "wardwatch-source-stopped"
SLOW = "wardwatch-source-slow"
REJECTED = "wardwatch-source-not-understood"
FIELDS = "wardwatch-source-fields-gone"
CLOCK = "wardwatch-clock-wrong"
DAMAGED = "wardwatch-spool-damaged"


@cache
def rules() -> Mapping[str, Rule]:
    """Every signal by its id, as a rule that people can read. Raises `ContentError`."""
    found: dict[str, Rule] = {}
    for file in files.find([files.shipped("signals")]):
        for document in files.documents(file):
            if document.get("wardwatch", {}).get("schema") != SCHEMA:
                raise ContentError(f"schema is not {SCHEMA}", where=file.path)
            rule = values.from_document({**document, "correlation": {}}, file.path)
            found[rule.id] = rule
    return found
