"""Log sources, in the three terms of the Sigma specification: product, category, service."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, order=True)
class LogSource:
    """Where an event comes from. Events carry all that is known; a rule names only what it needs.

    `None` in an event means that the term does not apply; `None` in a rule matches anything.
    """

    product: str | None = None
    category: str | None = None
    service: str | None = None

    def __str__(self) -> str:
        return "/".join(term or "*" for term in (self.product, self.category, self.service))


# A category that Sigma also counts as a wider one, or calls by another name too: a rule for that one sees these events.
# (Taxonomy 2.1.0. `file_delete_detected` is none: rules for `file_delete` mean Sysmon's event 23 alone.)
WIDER_CATEGORY = {
    "registry_add": "registry_event",
    "registry_delete": "registry_event",
    "registry_set": "registry_event",
    "registry_rename": "registry_event",
    "clipboard_capture": "clipboard_change",
}
WIDER_SERVICE = {"microsoft-servicebus-client": "servicebus-client"}


def covers(rule: LogSource, event: LogSource) -> bool:
    """Say whether a rule written for `rule` looks at events labelled `event`."""
    return (
        rule.product in (None, event.product)
        and (rule.service in (None, event.service) or rule.service == WIDER_SERVICE.get(event.service or ""))
        and (rule.category in (None, event.category) or rule.category == WIDER_CATEGORY.get(event.category or ""))
    )
