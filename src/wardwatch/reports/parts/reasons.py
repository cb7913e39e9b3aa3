"""Reasons why something was not read or does not run, in French too.

The stages state reasons in English, since these are data: they are counted, and written to exports. What a library
or the system says in words that are not in this table is quoted as what it is: English, within a French sentence.
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
    (
        "unpacks to more than {} bytes in all: refused as a bomb",
        "décompressé, dépasse {} octets en tout : refusé comme bombe",
    ),
    ("a link to a folder: name it to read it", "un lien vers un dossier : nommez-le pour le lire"),
    ("encrypted: unpack it with its password", "chiffré : décompressez-le avec son mot de passe"),
    ("its end is missing", "la fin manque"),
    ("packed in a way that is not known here", "compressé par un procédé inconnu ici"),
    ("what is packed is damaged", "le contenu compressé est endommagé"),
    ("damaged after {} bytes: {}", "endommagé après {} octets : {}"),
    ("damaged: {}", "endommagé : {}"),
    ("damaged", "endommagé"),
    ("cannot be read", "illisible"),
    ("other reasons", "autres raisons"),
    ("a fault of the reader ({})", "une faute du lecteur ({})"),
    ("cut off in the middle of a frame", "coupé au milieu d'un bloc"),
    ("unexpected end of data", "fin inattendue des données"),
    ("reading stopped: {}", "lecture arrêtée : {}"),
    ("line longer than {} bytes", "ligne de plus de {} octets"),
    ("event longer than {} bytes", "événement de plus de {} octets"),
    ("no readable EVTX file", "fichier EVTX illisible"),
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
    ("text that is not in its encoding", "texte qui n'est pas dans son encodage"),
    ("a field is missing", "un champ manque"),
    ("a part is missing", "une partie manque"),
    ("a number out of range", "un nombre hors limites"),
    ("nested too deeply", "trop profondément imbriqué"),
    (
        "a time stamp or another value that cannot be read",
        "un horodatage ou une autre valeur illisible",
    ),
    ("an event of laurel without records", "un événement laurel sans enregistrement"),
    ("no AuditMessage", "aucun AuditMessage"),
    ("the root element is not AuditMessage", "l'élément racine n'est pas AuditMessage"),
    ("AuditMessage without EventID", "AuditMessage sans EventID"),
    ("no key=value log of a FortiGate", "pas un journal clé=valeur de FortiGate"),
    ("no type and logid of a FortiGate log", "sans type ni logid de FortiGate"),
    ("no MSH segment", "aucun segment MSH"),
    ("MSH segment without a message type", "segment MSH sans type de message"),
    ("no id and name of a Mirth event", "sans id ni nom d'événement Mirth"),
    ("not CSV", "n'est pas du CSV"),
    (
        "prefix of {} parts; configure full_audit:prefix = {}",
        "préfixe de {} parties ; configurez full_audit:prefix = {}",
    ),
    (
        "no operation of full_audit, or its place is not certain",
        "aucune opération de full_audit, ou sa place est incertaine",
    ),
    ("no Event", "aucun Event"),
    ("no instanceId of a Veeam event", "sans instanceId d'événement Veeam"),
    ("another number of values than of fields", "pas autant de valeurs que de champs"),
    # What the system says.
    ("Permission denied", "accès refusé"),
    ("No such file or directory", "fichier ou dossier inexistant"),
    ("Input/output error", "erreur de lecture du support"),
    ("No space left on device", "plus de place sur le disque"),
    ("Disk quota exceeded", "quota de disque dépassé"),
    ("Too many open files", "trop de fichiers ouverts"),
    ("Too many levels of symbolic links", "trop de liens symboliques à la suite"),
    ("File name too long", "nom de fichier trop long"),
    ("Stale file handle", "fichier disparu du serveur"),
    ("Connection timed out", "le serveur ne répond plus"),
    ("Host is down", "le serveur est arrêté"),
    ("Transport endpoint is not connected", "le partage n'est plus connecté"),
    ("Is a directory", "c'est un dossier"),
    # Why a rule does not run.
    ("the list {} is not kept here", "la liste {} n'est pas tenue ici"),
    (
        "write one value per line into lists/{}.txt of the Wardwatch home, or of a --lists folder",
        "écrivez une valeur par ligne dans lists/{}.txt du dossier Wardwatch ou d'un dossier --lists",
    ),
    (
        "regular expression that cannot run in linear time: {}",
        "expression régulière qui ne peut s'exécuter en temps linéaire : {}",
    ),
    ("invalid perl operator: {}", "opérateur non admis : {}"),
    ("invalid escape sequence: {}", "séquence d'échappement non admise : {}"),
    ("pattern too large - compile failed", "motif trop grand"),
    (
        "RE2 syntax has no look-around and no back-references; rewrite the pattern without them",
        "la syntaxe RE2 ne connaît ni assertion avant ou arrière ni référence arrière ; récrivez le motif sans elles",
    ),
    ("not a Sigma rule: {}", "n'est pas une règle Sigma : {}"),
    ("not a Sigma rule", "n'est pas une règle Sigma"),
    ("condition: {}", "condition : {}"),
    ("condition nested deeper than {} levels", "condition imbriquée sur plus de {} niveaux"),
    ("a condition nested deeper than {}", "condition imbriquée sur plus de {} niveaux"),
    ("condition of an unknown kind: {}", "condition d'un genre inconnu : {}"),
    ("value of an unsupported kind: {}", "valeur d'un genre non pris en charge : {}"),
    ("placeholders expand to {} values; at most {} are run", "les listes donnent {} valeurs ; au plus {} sont admises"),
    ("not a valid correlation: {}", "n'est pas une corrélation valable : {}"),
    ("a timespan of {} is longer than a year", "une durée de {} dépasse un an"),
    (
        "refers to the rule {}, which cannot run: {}",
        "renvoie à la règle {}, qui ne fonctionne pas : {}",
    ),
    ("refers to the rule {}, which is not there", "renvoie à la règle {}, absente"),
    (
        "refers to the correlation {}, which cannot run: {}",
        "renvoie à la corrélation {}, qui ne fonctionne pas : {}",
    ),
    ("refers to itself by way of {}", "renvoie à elle-même par {}"),
    (
        "an ordered correlation needs all its rules; a count of fewer has no order",
        "une corrélation ordonnée demande toutes ses règles ; un compte de moins n'a pas d'ordre",
    ),
    ("a count above {} cannot be kept in memory", "un compte de plus de {} ne tient pas en mémoire"),
    (
        "value_percentile needs a percentile from 0 to 100",
        "value_percentile demande un percentile de 0 à 100",
    ),
    (
        "the order of rules under `or` and `not` is not defined",
        "l'ordre des règles sous « or » et « not » n'est pas défini",
    ),
    ("the alias {} names no field for the rule {}", "l'alias {} ne nomme aucun champ pour la règle {}"),
    ("{} rules; 1 to {} can be correlated", "{} règles ; de 1 à {} peuvent être corrélées"),
    ("{} needs exactly one field", "{} demande un champ et un seul"),
    ("{} needs a field", "{} demande un champ"),
)
_PLACES = (("line {}", "ligne {}"), ("record {}", "enregistrement {}"))
_DEPTH = 3  # reasons inside reasons


def reason(text: str) -> Text:
    """The reason in both languages. After ` · ` there may be where it is and a hint; places are quoted."""
    first, *more = text.split(_AND)
    french = [_french(first, _DEPTH) or f"raison, en anglais : « {first} »"]
    french += [_french(one, _DEPTH) or f"« {one} »" for one in more]
    return Text(text, _AND.join(french))


_AND = " · "


def _french(text: str, depth: int) -> str:
    """The French of a reason of ours; empty where it is not one."""
    for english, french in REASONS:
        found = _filled(text, english)
        if found is not None:
            return french.format(*(_inner(one, depth) for one in found))
    return ""


def _inner(text: str, depth: int) -> str:
    """A part of a reason: a reason itself, a name or a number, or words of a library, which are quoted."""
    known = _french(text, depth - 1) if depth and text else ""
    quoted = " " in text and not text.startswith(_QUOTES)
    return known or (f"« {text} »" if quoted else text)


_QUOTES = ("'", '"')


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
