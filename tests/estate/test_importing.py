"""Tables of assets: what is read, what is refused with row and column, and files that mean harm."""

import contextlib
import io
import zipfile

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wardwatch.estate import importing
from wardwatch.estate.assets import Asset, Isolation, Kind, Known, asset_id
from wardwatch.estate.importing import Allowed, Problem, imported, merged, rows_of_csv, rows_of_xlsx
from wardwatch.kernel.bilingual import Text
from wardwatch.kernel.errors import InputError

T = "chu-nord"


def table(text: str, allowed: Allowed | None = None) -> importing.Imported:
    return imported(T, rows_of_csv(text.encode()), allowed)


def workbook(*rows: tuple) -> bytes:
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    data = io.BytesIO()
    book.save(data)
    return data.getvalue()


def test_french_excel_and_plain_csv_say_the_same() -> None:
    french = "Nom;Type;Adresse IP;AE Title;Système;Isolement;Responsable\nPACS01;serveur;10.4.9.2;PACS, PACS2;pacs;jamais;Radiologie\n"
    english = "name,kind,addresses,ae titles,system,isolation,owner\nPACS01,server,10.4.9.2,PACS|PACS2,pacs,never,Radiologie\n"
    expected = Asset(
        id=asset_id(T, "pacs01"),
        tenant=T,
        name="PACS01",
        kind=Kind.SERVER,
        addresses=("10.4.9.2",),
        ae_titles=("PACS", "PACS2"),
        system="pacs",
        isolation=Isolation.NEVER,
        owner="Radiologie",
        known=Known.IMPORTED,
    )
    for found in (imported(T, rows_of_csv(french.encode("cp1252"))), table(english), table("\ufeff" + english)):
        assert found == importing.Imported((expected,), ())


def test_a_workbook_says_the_same_as_a_table() -> None:
    rows = [
        ("name", "address", "note", None),
        ("pc-1", "10.0.0.1", 12.0, None),
        (None, None),
        ("pc-2", "10.0.0.2", None),
    ]
    found = imported(T, rows_of_xlsx(workbook(*rows)))
    assert found.problems == ()
    assert [(one.name, one.addresses, one.note) for one in found.assets] == [
        ("pc-1", ("10.0.0.1",), "12"),
        ("pc-2", ("10.0.0.2",), ""),
    ]


def test_each_problem_has_its_row_and_column_and_the_rest_is_read() -> None:
    found = table(
        "name,kind,ip,zone,note\n"
        "good,server,10.0.0.1,core,ok\n"
        ",server,,,\n"
        "bad-ip,server,10.0.0.256,,\n"
        "bad-kind,toaster,,,\n"
        "bad-zone,,,moon,\n"
        "GOOD,server,,,twice\n"
        "a/b,server,,,\n"
        f"long,,,,{'x' * 600}\n",
        Allowed(zones=frozenset({"core"})),
    )
    assert [one.name for one in found.assets] == ["good"]
    assert [(one.row, one.column, one.what.en[:24]) for one in found.problems] == [
        (3, "name", "no name"),
        (4, "ip", "not understood: 10.0.0.2"),
        (5, "kind", "no such value: toaster"),
        (6, "zone", "no such value: moon"),
        (7, "name", "GOOD is in the table twi"),
        (8, "name", "not a name: a/b"),
        (9, "note", "longer than 500 characte"),
    ]
    assert all(one.hint for one in found.problems)


@pytest.mark.parametrize("cell", ['=HYPERLINK("http://x")', "+1+1", "-2", "@SUM(A1)", "\t=1"])
def test_formulas_are_refused(cell: str) -> None:
    found = imported(T, [("name", "note"), ("pc-1", cell)])
    hint = Text(
        "write the value itself; a text may not begin with = + - @",
        "écrivez la valeur elle-même ; un texte ne commence pas par = + - @",
    )
    assert found == importing.Imported((), (Problem(2, "note", Text("a formula", "une formule"), hint),))
    assert imported(T, rows_of_xlsx(workbook(("name", "note"), ("pc-1", "=1+1")))).problems[0].what.en == "a formula"


def test_limits_hold(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importing, "MAX_ROWS", 3)
    monkeypatch.setattr(importing, "MAX_ERRORS", 2)
    found = imported(T, [("name",), *((f"a/{n}",) for n in range(3)), ("x",), ("y",)])
    assert (len(found.problems), found.more) == (2, 2)
    wide = imported(T, [("name", "note"), ("pc", "x" * 2_001)])
    assert wide.problems == (
        Problem(
            2,
            "note",
            Text("longer than 2000 characters", "plus de 2000 caractères"),
            Text("shorten it", "raccourcissez"),
        ),
    )
    many = imported(T, [("name", "ip"), ("pc", ",".join(f"10.0.0.{n}" for n in range(21)))])
    assert many.problems[0].what.en == "more than 20 values"


@pytest.mark.parametrize("read", [rows_of_csv, rows_of_xlsx])
def test_a_file_that_is_too_large_is_not_opened(read) -> None:
    with pytest.raises(InputError, match="larger than 10 MiB"):
        list(read(b"x" * (importing.MAX_BYTES + 1)))


def test_a_workbook_that_unpacks_to_too_much_is_refused() -> None:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/worksheets/sheet1.xml", b" " * (importing.MAX_UNPACKED + 1))
    with pytest.raises(InputError, match="larger than"):
        list(rows_of_xlsx(data.getvalue()))


def test_entities_in_a_workbook_are_not_expanded() -> None:
    bomb = b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]><x>&b;</x>'
    data = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(workbook(("name",)))) as was, zipfile.ZipFile(data, "w") as archive:
        for one in was.namelist():
            archive.writestr(one, bomb if one.endswith("workbook.xml") else was.read(one))
    with pytest.raises(InputError, match="not a workbook"):
        list(rows_of_xlsx(data.getvalue()))


@pytest.mark.parametrize("data", [b"", b"PK\x03\x04rubbish", b"name\n"])
def test_what_is_no_workbook_is_an_input_error(data: bytes) -> None:
    with pytest.raises(InputError):
        list(rows_of_xlsx(data))


def test_a_table_without_names_is_refused() -> None:
    for text in ("", "kind,zone\nserver,core\n"):
        with pytest.raises(InputError, match="no column for names"):
            table(text)


@given(st.binary(max_size=300))
@settings(max_examples=80)
def test_no_bytes_break_it(data: bytes) -> None:
    with contextlib.suppress(InputError):
        imported(T, rows_of_csv(b"name,ip\n" + data))
    with pytest.raises(InputError):
        list(rows_of_xlsx(data))


@given(
    st.lists(
        st.lists(st.one_of(st.none(), st.text(max_size=20), st.integers(), st.floats(), st.booleans()), max_size=4),
        max_size=8,
    )
)
def test_no_cells_break_it(rows) -> None:
    found = imported(T, [("name", "kind", "ip", "ae title"), *rows])
    assert len(found.assets) + len({one.row for one in found.problems}) <= len(rows)


def test_an_import_fills_in_and_never_empties() -> None:
    known = Asset(asset_id(T, "pc"), T, "pc", owner="IT", note="old", known=Known.LEARNED, first_at=5)
    new = Asset(known.id, T, "PC", kind=Kind.WORKSTATION, note="new", known=Known.IMPORTED)
    found = merged(known, new)
    assert (found.name, found.owner, found.note, found.kind, found.known, found.first_at) == (
        "pc",
        "IT",
        "new",
        Kind.WORKSTATION,
        Known.IMPORTED,
        5,
    )
