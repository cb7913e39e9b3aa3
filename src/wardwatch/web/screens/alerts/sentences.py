"""An alert as a sentence: who did what, where. What logs say is escaped; the words around it are ours."""

from django.utils.html import conditional_escape, format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language

from wardwatch.events.alert import Alert
from wardwatch.kernel.bilingual import Text
from wardwatch.web.tags import french

LONGEST = 160  # characters of a value in a sentence

# The first whose fields the alert has is said. `{host}` and `{user}` are those of the alert.
_SENTENCES: tuple[tuple[tuple[str, ...], Text], ...] = (
    (("CommandLine",), Text("{user} ran {CommandLine} on {host}.", "{user} a lancé {CommandLine} sur {host}.")),
    (
        ("ServiceName",),
        Text("The service {ServiceName} was put on {host}.", "Le service {ServiceName} a été installé sur {host}."),
    ),
    (
        ("Operation", "Path"),
        Text("{user} did {Operation} to {Path} on {host}.", "{user} a fait {Operation} sur {Path} ({host})."),
    ),
    (("TargetFilename",), Text("{TargetFilename} was written on {host}.", "{TargetFilename} a été écrit sur {host}.")),
    (("QueryName",), Text("{host} asked for the name {QueryName}.", "{host} a demandé le nom {QueryName}.")),
    (("DestinationIp",), Text("{host} reached {DestinationIp}.", "{host} a joint {DestinationIp}.")),
    (("TargetObject",), Text("{TargetObject} was changed on {host}.", "{TargetObject} a été modifié sur {host}.")),
    (
        ("MemberName",),
        Text("{MemberName} was added to a group on {host}.", "{MemberName} a été ajouté à un groupe sur {host}."),
    ),
    (("TargetUserName",), Text("{TargetUserName} on {host}.", "{TargetUserName} sur {host}.")),
    (("Description",), Text("{host}: {Description}", "{host} : {Description}")),
    (("message",), Text("{host}: {message}", "{host} : {message}")),
)
_NOWHERE = Text("an unknown computer", "un ordinateur inconnu")
_NOBODY = Text("Somebody", "Quelqu’un")


def sentence(alert: Alert, title: Text) -> SafeString:
    """Say an alert in the language of the page, the rule's title first."""
    language = get_language() or "en"
    values = {name: str(value) for name, value in alert.fields.items() if value not in {None, ""}}
    named = {
        "host": _bold(alert.host or _NOWHERE.in_(language)),
        "user": _bold(alert.user or _NOBODY.in_(language)),
    }
    said = format_html("<b>{}</b>", title.in_(language))
    for needed, text in _SENTENCES:
        if all(values.get(name) for name in needed):
            filled = {name: format_html("<code>{}</code>", values[name][:LONGEST]) for name in needed}
            words = french(text.fr) if language == "fr" else text.en
            return format_html("{} {}", said + mark_safe("."), mark_safe(words.format(**named, **filled)))  # noqa: S308
    who = [named["host"]] if alert.host else []
    who += [named["user"]] if alert.user else []
    return format_html("{} {}", said + mark_safe("."), mark_safe(", ".join(who)))  # noqa: S308


def _bold(text: str) -> SafeString:
    return format_html("<b>{}</b>", conditional_escape(text[:LONGEST]))
