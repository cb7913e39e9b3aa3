"""Reasons why something was not read, in French, where they are ours; those of libraries stay English.

The stages state reasons in English, since these are data: they are counted, and written to exports.
"""

from wardwatch.kernel.bilingual import Text

# `{}` is what varies; where it is a reason itself, it is put into French as well.
REASONS = (
    ("no such file or folder", "fichier ou dossier inexistant"),
    ("no regular file", "n'est pas un fichier ordinaire"),
    ("packed more than {} times: refused", "archivé plus de {} fois : refusé"),
    ("holds more than {} files: refused", "contient plus de {} fichiers : refusé"),
    (
        "unpacks to more than {} times its size: refused as a bomb",
        "décompressé, dépasse {} fois sa taille : refusé comme bombe",
    ),
    ("damaged after {} bytes: {}", "endommagé après {} octets : {}"),
    ("damaged: {}", "endommagé : {}"),
    ("cut off in the middle of a frame", "coupé au milieu d'un bloc"),
    ("unexpected end of data", "fin inattendue des données"),
    ("reading stopped: {}", "lecture arrêtée : {}"),
    ("line longer than {} bytes", "ligne de plus de {} octets"),
    ("event longer than {} bytes", "événement de plus de {} octets"),
    ("no readable EVTX file: {}", "fichier EVTX illisible : {}"),
    (
        "truncated: the header counts {} chunks, the file holds {}",
        "tronqué : l'en-tête compte {} blocs, le fichier en contient {}",
    ),
    ("not JSON: {}", "n'est pas du JSON : {}"),
    ("not JSON", "n'est pas du JSON"),
    ("JSON, but not an object", "du JSON, mais pas un objet"),
    ("JSON, but no {}", "du JSON, mais sans {}"),
    (
        "JSON without EventID and Channel: no Windows event in a known shape",
        "du JSON sans EventID ni Channel : pas un événement Windows de forme connue",
    ),
    ("EventID or Channel is not a plain value", "EventID ou Channel n'est pas une valeur simple"),
    ("an Event without {}", "un Event sans {}"),
    ("winlog without channel and event_id", "winlog sans channel ni event_id"),
    ("not well-formed XML: {}", "XML mal formé : {}"),
    ("no event element", "aucun élément Event"),
    ("{} values for {} fields", "{} valeurs pour {} champs"),
    ("more than {} fields", "plus de {} champs"),
    ("CSV: {}", "CSV : {}"),
    ("a value of the wrong type", "valeur de type inattendu"),
    ("NUL in the message", "octet nul dans le message"),
    ("byte {} is not UTF-8", "l'octet {} n'est pas de l'UTF-8"),
    ("byte {} is not {}", "l'octet {} n'est pas du {}"),
    ("character set {} is not known here", "jeu de caractères {} inconnu ici"),
    ("CEF header ends before {}", "l'en-tête CEF s'arrête avant {}"),
    ("no #fields line before the values", "pas de ligne #fields avant les valeurs"),
    ("no syslog header", "pas d'en-tête syslog"),
    ("no timestamp", "pas d'horodatage"),
    ("no such month", "mois inexistant"),
    ("no CEF header", "pas d'en-tête CEF"),
    ("no audit record", "pas un enregistrement d'audit"),
    ("no line of {}", "pas une ligne de {}"),
    ("the list {} is not kept here", "la liste {} n'est pas tenue ici"),
)
_PLACES = (("line {}", "ligne {}"), ("record {}", "enregistrement {}"))
_DEPTH = 3  # reasons inside reasons


def reason(text: str, depth: int = _DEPTH) -> Text:
    """The reason in both languages; without French where it is not one of ours."""
    for english, french in REASONS:
        found = _filled(text, english)
        if found is not None:
            inner = [(reason(one, depth - 1).fr if depth and one else "") or one for one in found]
            return Text(text, french.format(*inner))
    return Text(text)


def place(text: str) -> Text:
    """Where something is in a log (`line 16`), in both languages."""
    for english, french in _PLACES:
        found = _filled(text, english)
        if found is not None and found[0].isdigit():
            return Text(text, french.format(*found))
    return Text(text, text)


def _filled(text: str, pattern: str) -> list[str] | None:
    """What stands for each `{}` of the pattern, the shortest first; `None` if the text is not of it."""
    start, *rest = pattern.split("{}")
    if not rest:
        return [] if text == start else None
    if not text.startswith(start) or not text.endswith(rest[-1]):
        return None
    found, at = [], len(start)
    for part in rest[:-1]:
        end = text.find(part, at)
        if end < 0:
            return None
        found.append(text[at:end])
        at = end + len(part)
    end = len(text) - len(rest[-1])
    return [*found, text[at:end]] if end >= at else None
