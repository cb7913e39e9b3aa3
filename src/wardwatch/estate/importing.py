"""Assets out of a table: rows to assets, and to problems by row and column. Every file is hostile.

`rows_of_csv` and `rows_of_xlsx` turn bytes into rows within limits; `imported` is a pure function over rows. A row with
an error is left out, and the others are not held up by it.
"""

import csv
import io
import warnings
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from openpyxl import load_workbook
from openpyxl.utils.exceptions import InvalidFileException

from wardwatch.estate import assets
from wardwatch.estate.assets import MAX_TEXT, MAX_VALUES, Asset, Isolation, Kind, Known
from wardwatch.kernel.bilingual import Text
from wardwatch.kernel.errors import InputError

MAX_BYTES, MAX_UNPACKED = 10 * 1024 * 1024, 100 * 1024 * 1024
MAX_ROWS, MAX_COLUMNS, MAX_CELL = 50_000, 50, 2_000
MAX_ERRORS = 1_000
Row = Sequence[object]

# Headings in English and French, in lower case.
_COLUMNS: Mapping[str, str] = {
    **dict.fromkeys(("name", "nom", "asset", "actif", "hostname", "nom d'hôte"), "name"),
    **dict.fromkeys(("kind", "type", "nature"), "kind"),
    **dict.fromkeys(("zone", "network zone", "zone réseau"), "zone"),
    **dict.fromkeys(("site", "location", "lieu"), "site"),
    **dict.fromkeys(("addresses", "address", "ip", "adresses", "adresse", "adresse ip", "ip address"), "addresses"),
    **dict.fromkeys(("hostnames", "aliases", "alias", "noms d'hôte"), "hostnames"),
    **dict.fromkeys(("ae titles", "ae title", "ae_titles", "ae_title", "aet"), "ae_titles"),
    **dict.fromkeys(("system", "système", "systeme"), "system"),
    **dict.fromkeys(("needs", "depends on", "dépend de", "depend de"), "needs"),
    **dict.fromkeys(("isolation", "isolement"), "isolation"),
    **dict.fromkeys(("owner", "responsable", "propriétaire"), "owner"),
    **dict.fromkeys(("supplier", "vendor", "fournisseur"), "supplier"),
    **dict.fromkeys(("note", "notes", "remarque", "commentaire"), "note"),
}
_KINDS = {
    **{one.value: one for one in Kind},
    "serveur": Kind.SERVER,
    "poste": Kind.WORKSTATION,
    "biomédical": Kind.MEDICAL,
    "biomedical": Kind.MEDICAL,
    "réseau": Kind.NETWORK,
    "bâtiment": Kind.BUILDING,
    "autre": Kind.OTHER,
    "inconnu": Kind.UNKNOWN,
}
_ISOLATIONS = {
    **{one.value: one for one in Isolation},
    "automatique": Isolation.AUTOMATIC,
    "approbation": Isolation.APPROVAL,
    "jamais": Isolation.NEVER,
}
_LISTS = ("addresses", "hostnames", "ae_titles", "needs")
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong in a cell: its row (1 is the heading) and column (a heading, or empty), and how to mend it."""

    row: int
    column: str
    what: Text
    hint: Text


@dataclass(frozen=True, slots=True)
class Imported:
    """What a table holds: assets in its order, problems in its order (at most `MAX_ERRORS`; `more` were left out)."""

    assets: tuple[Asset, ...]
    problems: tuple[Problem, ...]
    more: int = 0


@dataclass(frozen=True, slots=True)
class Allowed:
    """What cells may refer to: ids of zones, sites and systems; an empty set allows anything."""

    zones: frozenset[str] = frozenset()
    sites: frozenset[str] = frozenset()
    systems: frozenset[str] = frozenset()


def rows_of_csv(data: bytes) -> Iterator[Row]:
    """The rows of a CSV file (RFC 4180; comma, semicolon or tab; UTF-8, or Windows-1252 as French Excel writes it).

    Raises `InputError` for what is too large or no such file.
    """
    if len(data) > MAX_BYTES:
        raise _too_large()
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = data.decode("cp1252", "replace")
    heading = text.partition("\n")[0]
    delimiter = max(";,\t", key=heading.count)
    try:
        yield from csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    except csv.Error as error:
        raise InputError(
            f"not a table: {error}",
            hint="save it again as CSV (UTF-8)",
            fr="ce n’est pas un tableau",
            hint_fr="enregistrez-le de nouveau en CSV (UTF-8)",
        ) from None


def rows_of_xlsx(data: bytes) -> Iterator[Row]:
    """The rows of the first sheet of an Excel workbook (ECMA-376). Formulas come as their text, never as a value.

    Raises `InputError` for what is too large, unpacked too, or no such file.
    """
    if len(data) > MAX_BYTES:
        raise _too_large()
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            if sum(one.file_size for one in archive.infolist()) > MAX_UNPACKED:
                raise _too_large()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of styles and extensions that are not read
            book = load_workbook(io.BytesIO(data), read_only=True, data_only=False, keep_links=False)
            try:
                sheet = book.worksheets[0]
                sheet.reset_dimensions()  # what the file says of its size is not believed
                yield from sheet.iter_rows(max_row=MAX_ROWS + 2, max_col=MAX_COLUMNS + 1, values_only=True)
            finally:
                book.close()
    except (zipfile.BadZipFile, InvalidFileException, KeyError, ValueError, IndexError, OSError, SyntaxError) as error:
        hint = "save it again as Excel workbook (.xlsx), or as CSV"
        raise InputError(
            f"not a workbook: {str(error)[:120]}",
            hint=hint,
            fr="ce n’est pas un classeur Excel",
            hint_fr="enregistrez-le de nouveau au format Excel (.xlsx), ou en CSV",
        ) from None


def imported(tenant: str, rows: Iterable[Row], allowed: Allowed | None = None) -> Imported:
    """Make assets of a table whose first row names the columns. Raises `InputError` without such a row."""
    numbered = enumerate(rows, start=1)
    columns = _columns(next(numbered, (1, ()))[1])
    reading = _Reading(tenant, columns, allowed or Allowed())
    for number, row in numbered:
        if number > MAX_ROWS + 1:
            what = Text(f"more than {MAX_ROWS} rows", f"plus de {MAX_ROWS} lignes")
            hint = Text("import the rest from another file", "importez le reste depuis un autre fichier")
            reading.problem(number, "", what, hint)
            break
        reading.read(number, row)
    return Imported(tuple(reading.assets.values()), tuple(reading.problems), reading.more)


def merged(known: Asset, new: Asset) -> Asset:
    """An asset that is known with what a table says of it: cells that are empty change nothing."""
    given = {
        name: value
        for name in ("kind", "zone", "site", "system", "isolation", "owner", "supplier", "note", *_LISTS)
        if (value := getattr(new, name)) and value is not Kind.UNKNOWN
    }
    how = Known.IMPORTED if known.known is Known.LEARNED else known.known
    return replace(known, known=how, **given)


def _columns(heading: Row) -> list[tuple[int, str, str]]:
    """(place, attribute, heading) of the columns that are known."""
    found: list[tuple[int, str, str]] = []
    for place, cell in enumerate(heading[:MAX_COLUMNS]):
        text = str(cell or "").strip()
        attribute = _COLUMNS.get(text.lower().replace("’", "'"))
        if attribute and attribute not in {one[1] for one in found}:
            found.append((place, attribute, text))
    if "name" not in {one[1] for one in found}:
        raise InputError(
            "no column for names",
            where="row 1",
            hint="name it: name (or nom)",
            fr="aucune colonne pour les noms",
            hint_fr="intitulez-la : nom (ou name)",
        )
    return found


def _too_long(limit: int) -> tuple[Text, Text]:
    what = Text(f"longer than {limit} characters", f"plus de {limit} caractères")
    return what, Text("shorten it", "raccourcissez")


def _too_large() -> InputError:
    size = MAX_BYTES // 1024 // 1024
    return InputError(
        f"larger than {size} MiB", hint="split the table", fr=f"plus de {size} Mio", hint_fr="divisez le tableau"
    )


class _Reading:
    """Rows being read: assets by compared name, and problems."""

    def __init__(self, tenant: str, columns: list[tuple[int, str, str]], allowed: Allowed) -> None:
        self.assets: dict[str, Asset] = {}
        self.problems: list[Problem] = []
        self.more = 0
        self._tenant, self._columns, self._allowed = tenant, columns, allowed
        self._failed = False

    def problem(self, row: int, column: str, what: Text, hint: Text) -> None:
        self._failed = True
        if len(self.problems) < MAX_ERRORS:
            self.problems.append(Problem(row, column, what, hint))
        else:
            self.more += 1

    def read(self, number: int, row: Row) -> None:
        if not any(str(cell).strip() for cell in row if cell is not None):
            return
        self._failed = False
        cells = {}
        headings = {}
        for place, attribute, heading in self._columns:
            headings[attribute] = heading
            cells[attribute] = self._text(number, heading, row[place] if place < len(row) else None)
        values = {name: self._value(number, headings[name], name, text) for name, text in cells.items() if text}
        name = str(values.get("name", ""))
        if not cells["name"]:
            hint = Text("every asset needs a name", "chaque équipement a besoin d’un nom")
            self.problem(number, headings["name"], Text("no name", "pas de nom"), hint)
        elif assets.plain_name(name) in self.assets:
            what = Text(f"{name} is in the table twice", f"{name} figure deux fois dans le tableau")
            self.problem(number, headings["name"], what, Text("leave one of the rows", "gardez une seule des lignes"))
        if self._failed:
            return
        id_ = assets.asset_id(self._tenant, name)
        self.assets[assets.plain_name(name)] = Asset(id=id_, tenant=self._tenant, known=Known.IMPORTED, **values)  # type: ignore[arg-type]

    def _text(self, number: int, heading: str, cell: object) -> str:
        """A cell as text; numbers as they are written, without a fraction that Excel adds."""
        if cell is None:
            return ""
        text = str(int(cell)) if isinstance(cell, float) and cell.is_integer() else str(cell)
        if len(text) > MAX_CELL:
            self.problem(number, heading, *_too_long(MAX_CELL))
            return ""
        if text.startswith(_FORMULA):
            hint = Text(
                "write the value itself; a text may not begin with = + - @",
                "écrivez la valeur elle-même ; un texte ne commence pas par = + - @",
            )
            self.problem(number, heading, Text("a formula", "une formule"), hint)
            return ""
        return " ".join(text.split())

    def _value(self, number: int, heading: str, name: str, text: str) -> object:
        if name in _LISTS:
            return self._values(number, heading, name, text)
        if name == "name":
            if not assets.is_name(text):
                what = Text(f"not a name: {text[:40]}", f"pas un nom : {text[:40]}")
                hint = Text(
                    "letters, digits, . - _ and blanks, at most 64",
                    "lettres, chiffres, . - _ et espaces, 64 au plus",
                )
                self.problem(number, heading, what, hint)
            return text
        if name in ("kind", "isolation"):
            choices: Mapping[str, object] = _KINDS if name == "kind" else _ISOLATIONS
            return self._choice(number, heading, text.lower(), choices)
        known = {"zone": self._allowed.zones, "site": self._allowed.sites, "system": self._allowed.systems}.get(name)
        if known:
            return self._choice(number, heading, text.lower(), {one: one for one in known})
        if len(text) > MAX_TEXT:
            self.problem(number, heading, *_too_long(MAX_TEXT))
        return text

    def _choice(self, number: int, heading: str, text: str, choices: Mapping[str, object]) -> object:
        if text not in choices:
            listed = ", ".join(sorted(choices)[:20])
            what = Text(f"no such value: {text[:40]}", f"valeur inconnue : {text[:40]}")
            self.problem(number, heading, what, Text(f"choose one of {listed}", f"choisissez parmi {listed}"))
        return choices.get(text)

    def _values(self, number: int, heading: str, name: str, text: str) -> tuple[str, ...]:
        found = tuple(dict.fromkeys(one.strip() for one in text.replace(";", ",").replace("|", ",").split(",")))
        values = tuple(one for one in found if one)
        good = {"addresses": assets.is_address, "ae_titles": assets.is_ae_title}.get(name, assets.is_name)
        if bad := next((one for one in values if not good(one)), None):
            hint = (
                Text("IP addresses, separated by commas", "adresses IP séparées par des virgules")
                if name == "addresses"
                else Text("values separated by commas", "valeurs séparées par des virgules")
            )
            self.problem(number, heading, Text(f"not understood: {bad[:40]}", f"incompris : {bad[:40]}"), hint)
        if len(values) > MAX_VALUES:
            what = Text(f"more than {MAX_VALUES} values", f"plus de {MAX_VALUES} valeurs")
            self.problem(number, heading, what, Text("name the most important ones", "gardez les plus importantes"))
        return values
