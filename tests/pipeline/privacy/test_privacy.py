"""No clear identifier leaves; what hunting needs stays."""

import io
import re
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.pipeline.lake.events import DAY, T0, batches, record

from wardwatch import sources
from wardwatch.events import batch as layout
from wardwatch.events.builder import BatchBuilder, Origin
from wardwatch.events.record import Record, Reject, Value
from wardwatch.kernel.disk import Disk
from wardwatch.kernel.errors import InputError
from wardwatch.pipeline.privacy import TOKEN, Privacy, declared, lists_with_tokens
from wardwatch.sources import Context, Sample
from wardwatch.sources.dicom_audit import SAMPLE as DICOM
from wardwatch.sources.fhir_auditevent import SAMPLE as FHIR
from wardwatch.sources.hl7 import SAMPLE as HL7
from wardwatch.sources.mirth import SAMPLE as MIRTH

HOSPITAL = {"dicom_audit": (DICOM,), "hl7": HL7, "fhir_auditevent": FHIR, "mirth": MIRTH}
CLEAR = re.compile(r"P0042|P0007|990011|(?<![0-9a-f])P7|Pé|doe|1\.2\.3\.4|\bPL1|\bFI1", re.IGNORECASE)
IDS = st.from_regex(r"[A-Z]{2}[0-9]{4}[A-Z]{2}", fullmatch=True) | st.sampled_from(
    ["MÜLLER^ANNA", "D'ARC", "Q7 R8+S9", "(X)*Y"]
)


def events(name: str, sample: Sample) -> Iterator[pa.RecordBatch]:
    source = sources.every()[name]
    bodies = [one for one in source.split(io.BytesIO(sample.log)) if not isinstance(one, Reject)]
    builder = BatchBuilder(Origin("nord", b"sample", T0 + DAY, name))
    for one in source.read(bodies, Context(T0 + DAY)):
        if isinstance(one, Record):
            builder.add(one)
    return builder.finish()


def cells(batch: pa.RecordBatch) -> list[str]:
    """Every text in a batch, dictionaries included: what is not shown must not be there either."""
    found: list[str] = []
    for column in batch.columns:
        if pa.types.is_dictionary(column.type):
            found += [one for one in column.dictionary.to_pylist() if one]
        elif pa.types.is_list(column.type):
            found += [one for one in column.values.to_pylist() if one]
        elif pa.types.is_string(column.type):
            found += [one for one in column.to_pylist() if one]
    return found


@pytest.mark.parametrize("name", sorted(HOSPITAL))
def test_no_identifier_of_a_sample_is_left(name: str, tmp_path: Path) -> None:
    privacy = Privacy(tmp_path, "nord")
    before = [text for sample in HOSPITAL[name] for batch in events(name, sample) for text in cells(batch)]
    after = [
        text for sample in HOSPITAL[name] for batch in events(name, sample) for text in cells(privacy.apply(batch))
    ]
    assert [text for text in before if CLEAR.search(text)] != []
    assert [text for text in after if CLEAR.search(text)] == []
    assert any(TOKEN.search(text) for text in after)


def one(privacy: Privacy, source: str, fields: Mapping[str, Value], *, at: int = 0) -> dict[str, object]:
    (batch,) = batches([record(0, fields)], source=source, received_at=T0 + at, tenant="nord")
    found = privacy.apply(batch)
    found.validate(full=True)
    assert found.schema.metadata == batch.schema.metadata
    return {name[2:]: value for name, value in found.to_pylist()[0].items() if name[:2] == "f."}


FORMS = (
    "Patient/{}", "PatientID={}", "patient: {}", "x (0010,0020) LO [{}]", "PID|1||{}^^^CHU||DOE", "{}", "a {}, b",
    "GET /studies?PatientName={}&limit=5",
)  # fmt: skip


@given(st.data(), IDS, st.sampled_from(sorted(HOSPITAL)))
def test_an_identifier_is_hidden_wherever_its_source_may_carry_it(data: st.DataObject, value: str, name: str) -> None:
    fields: dict[str, Value] = {}
    for field, kind in declared(name).items():
        text = st.just(value) if kind == "whole" else st.sampled_from(FORMS).map(lambda form: form.format(value))
        if kind == "query":
            text = st.just(f"name={value}&_count=5")
        drawn = data.draw(st.none() | text | st.lists(text, max_size=3))
        if drawn is not None:
            fields[field.replace("*", "note")] = drawn
    whole = {name for name, kind in declared(name).items() if kind == "whole"}
    fields[data.draw(st.sampled_from(sorted(whole)))] = value
    with _privacy() as privacy:
        (batch,) = batches([record(0, fields, host=f"Patient/{value}")], source=name)
        after = privacy.apply(batch)
    assert [text for text in cells(after) if value.casefold() in text.casefold()] == []


class _privacy:  # noqa: N801  (used like a function)
    """A privacy in a folder of its own."""

    def __enter__(self) -> Privacy:
        self._folder = tempfile.TemporaryDirectory()
        return Privacy(Path(self._folder.name), "nord", _Quick())

    def __exit__(self, *_: object) -> None:
        self._folder.cleanup()


class _Quick(Disk):
    def sync_folder(self, path: Path) -> None:
        pass


def test_the_same_value_is_the_same_token_within_an_epoch(tmp_path: Path) -> None:
    privacy = Privacy(tmp_path, "nord", days=30)
    first = one(privacy, "hl7", {"PatientID": "P1"})
    assert one(privacy, "hl7", {"PatientID": ["P1", "P2"]})["PatientID"][0] == first["PatientID"]  # type: ignore[index]
    assert one(privacy, "fhir_auditevent", {"EntityReference": ["Patient/P1"]}) == {
        "EntityReference": [f"Patient/{first['PatientID']}"]
    }
    assert one(Privacy(tmp_path, "nord", days=30), "hl7", {"PatientID": "P1"}) == first
    assert one(privacy, "hl7", {"PatientID": "P1"}, at=40 * DAY) != first
    assert one(privacy, "hl7", {"PatientID": "P2"}) != first


def test_tenants_have_different_tokens(tmp_path: Path) -> None:
    nord, sud = Privacy(tmp_path, "nord"), Privacy(tmp_path, "sud")
    assert one(nord, "hl7", {"PatientID": "P1"}) != one(sud, "hl7", {"PatientID": "P1"})
    assert set(nord.tokens("P1")).isdisjoint(sud.tokens("P1"))


def test_who_knows_a_value_finds_its_tokens(tmp_path: Path) -> None:
    privacy = Privacy(tmp_path, "nord", days=30)
    tokens = {one(privacy, "hl7", {"PatientID": "P1"}, at=at)["PatientID"] for at in (0, 40 * DAY)}
    assert set(privacy.tokens("P1")) == set(privacy.tokens(" P1")) == tokens


def test_lists_of_patients_know_their_tokens(tmp_path: Path) -> None:
    nord, sud = Privacy(tmp_path, "nord", days=60), Privacy(tmp_path, "sud", days=60)
    lists = (("honey_patients", ("P1",)), ("known_hosts", ("P1",)))
    found = dict(lists_with_tokens(lists, [nord, sud], T0))
    token = one(nord, "hl7", {"PatientID": "P1"})["PatientID"]
    assert found["known_hosts"] == ("P1",)
    assert found["honey_patients"][0] == "P1"
    assert token in found["honey_patients"]
    assert set(found["honey_patients"][1:]) == {*nord.tokens("P1"), *sud.tokens("P1")}


def test_hiding_twice_changes_nothing_more(tmp_path: Path) -> None:
    privacy = Privacy(tmp_path, "nord")
    for name, samples in HOSPITAL.items():
        for sample in samples:
            for batch in events(name, sample):
                once = privacy.apply(batch)
                assert privacy.apply(once).to_pylist() == once.to_pylist()


def test_absent_and_null_stay_what_they_are(tmp_path: Path) -> None:
    found = one(
        Privacy(tmp_path, "nord"), "hl7", {"PatientID": [None, ""], "PriorPatientID": None, "ObservationValue": []}
    )
    assert found == {"PatientID": [layout.NULL, ""], "PriorPatientID": layout.NULL, "ObservationValue": []}


def test_other_sources_are_left_alone(tmp_path: Path) -> None:
    (batch,) = batches([record(0, {"PatientID": "P1"})], source="windows_json")
    assert Privacy(tmp_path, "nord").apply(batch) is batch


@pytest.mark.parametrize(
    ("field", "text", "expected"),
    [
        ("ObjectQuery", "PatientName=*&PatientID=*", None),
        ("ObjectQuery", "PatientName=DOE^J*", "PatientName=§"),
        ("ObjectQuery", "(0010,0010) PN [*]\n(0010,0020) LO [P1]\n(0008,0052) CS [STUDY]", "(0010,0010) PN [*]\n(0010,0020) LO [§]\n(0008,0052) CS [STUDY]"),
        ("ObjectQuery", "EAAQAFBOAgAqIBAAIABMTwIAKiA=", None),  # all patients, as a data set in base64
        ("ObjectQuery", "EAAQAFBOCABET0VeSkFORQ==", "§"),
        ("ParticipantObjectDetail", "MSH=x PID|1||P1^^^CHU||DOE^JANE", "MSH=x PID|§"),
    ],
)  # fmt: skip
def test_queries_keep_what_rules_ask_for(field: str, text: str, expected: str | None, tmp_path: Path) -> None:
    found = one(Privacy(tmp_path, "nord"), "dicom_audit", {field: text})[field]
    assert TOKEN.sub("§", str(found)) == (expected or text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("/app?id=1' OR 1=1--", None),
        ("/wado?PatientID=P0042&x=1", "/wado?PatientID=§&x=1"),
        ("/wado?PatientID=P0042' OR 1=1--", "/wado?PatientID=§' OR 1=1--"),
        ("/wado?patient=<script>alert(1)</script>", None),
        ("/wado?patient=%27%20OR%201%3D1", None),
        ("/fhir/Patient/P0042/_history?_count=5", "/fhir/Patient/§/_history?_count=5"),
        ("/studies/6b9e19d9-62094390-5f9ddb01-4a191ae7-9766b715/archive", "/studies/§/archive"),
        ("/q?PatientName=DOE%5EJANE", "/q?PatientName=§"),
    ],
)
def test_web_requests_keep_their_attacks(text: str, expected: str | None, tmp_path: Path) -> None:
    found = one(Privacy(tmp_path, "nord"), "webserver", {"cs-uri-query": text})["cs-uri-query"]
    assert TOKEN.sub("§", str(found)) == (expected or text)


def test_a_damaged_key_is_said(tmp_path: Path) -> None:
    one(Privacy(tmp_path, "nord"), "hl7", {"PatientID": "P1"})
    (key,) = (tmp_path / "privacy" / "nord").glob("*.key")
    assert key.stat().st_mode & 0o077 == 0
    for content in ("zz", "00"):
        key.write_text(content)
        with pytest.raises(InputError, match="the key of an epoch"):
            one(Privacy(tmp_path, "nord"), "hl7", {"PatientID": "P1"})
