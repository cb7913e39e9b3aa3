"""What logs show of the estate: new hosts, AE titles and talkers; never over what a person wrote."""

from dataclasses import replace

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from wardwatch.estate import learning
from wardwatch.estate.assets import Asset, Kind, Known, asset_id
from wardwatch.estate.learning import Learned, Sighting, What, learned, sightings, together
from wardwatch.events.batch import ENVELOPE, NULL, WORD

T = "chu-nord"


def batch(hosts: list, *, source: str = "orthanc", **fields: list) -> pa.RecordBatch:
    count = len(hosts)
    stamps = pa.array(range(100, 100 + count), pa.timestamp("us", tz="UTC"))
    columns = [
        pa.array([bytes(16)] * count, pa.binary(16)),
        pa.array([T] * count).cast(WORD),
        pa.array([0] * count, pa.timestamp("us", tz="UTC")),
        stamps,
        pa.array(hosts, pa.string()).cast(WORD),
        pa.array([None] * count, pa.string()).cast(WORD),
        pa.array([source] * count).cast(WORD),
        pa.array(["@0"] * count),
        pa.array(["stated"] * count).cast(WORD),
    ]
    extra = [
        pa.array(one) if one and isinstance(one[0], list) else pa.array(one, pa.string()).cast(WORD)
        for one in fields.values()
    ]
    names = [f"f.{name.replace('__', '.')}" for name in fields]
    schema = pa.schema([*ENVELOPE, *(pa.field(name, one.type) for name, one in zip(names, extra, strict=True))])
    return pa.record_batch([*columns, *extra], schema=schema)


def test_hosts_titles_and_talkers_are_seen_with_first_and_last() -> None:
    found = sightings(
        batch(
            ["PACS01", "pacs01", None, "mri-2"],
            RemoteAET=["MRI2", NULL, "MRI2", " "],
            id__orig_h=["10.4.2.66", None, "10.4.2.66", "10.4.2.7"],
            SourceAETitle=[["A", "B"], ["A"], [], None],
        )
    )
    assert found == (
        Sighting(What.AE_TITLE, "A", "orthanc", 100, 101, 2),
        Sighting(What.AE_TITLE, "B", "orthanc", 100, 100, 1),
        Sighting(What.AE_TITLE, "MRI2", "orthanc", 100, 102, 2),
        Sighting(What.HOST, "mri-2", "orthanc", 103, 103, 1),
        Sighting(What.HOST, "PACS01", "orthanc", 100, 101, 2),
        Sighting(What.TALKER, "10.4.2.66", "orthanc", 100, 102, 2),
        Sighting(What.TALKER, "10.4.2.7", "orthanc", 103, 103, 1),
    )
    assert sightings(batch([])) == ()


def test_what_is_new_becomes_an_asset_that_says_where_it_is_from() -> None:
    found = learned(T, {}, sightings(batch(["mri-2"], RemoteAET=["EVIL"], src_ip=["10.4.2.66"])))
    assert [(one.name, one.addresses, one.ae_titles) for one in found.new] == [
        ("AE EVIL", (), ("EVIL",)),
        ("mri-2", (), ()),
        ("10.4.2.66", ("10.4.2.66",), ()),
    ]
    assert {(one.known, one.source, one.first_at, one.kind) for one in found.new} == {
        (Known.LEARNED, "orthanc", 100, Kind.UNKNOWN)
    }
    assert found.changed == ()


def test_what_a_person_wrote_stays_and_only_its_times_move() -> None:
    mine = Asset(
        asset_id(T, "MRI 2"),
        T,
        "MRI 2",
        kind=Kind.MEDICAL,
        hostnames=("mri-2",),
        ae_titles=("MRI2",),
        addresses=("10.4.2.66",),
        note="mine",
        last_at=500,
    )
    found = learned(T, {mine.id: mine}, sightings(batch(["MRI-2"], RemoteAET=["mri2"], src_ip=["10.4.2.66"])))
    assert found == Learned((), (replace(mine, first_at=100),))
    assert learned(T, {mine.id: replace(mine, first_at=1)}, sightings(batch(["10.4.2.66"]))) == Learned((), ())


def test_the_second_time_nothing_is_new() -> None:
    seen = sightings(batch(["a", "b"], RemoteAET=["X", "X"], src_ip=["10.0.0.1", "b"]))
    first = learned(T, {}, seen)
    assert learned(T, {one.id: one for one in first.new}, seen) == Learned((), ())
    assert first.left_out == 0


def test_what_is_no_name_is_left_out_and_counted() -> None:
    odd = [
        Sighting(What.TALKER, "not-an-address", "x", 1, 1, 1),
        Sighting(What.HOST, "a/b", "x", 1, 1, 1),
        Sighting(What.AE_TITLE, "X" * 17, "x", 1, 1, 1),
    ]
    assert learned(T, {}, odd) == Learned((), (), 3)


def test_a_flood_of_names_is_bounded(monkeypatch) -> None:
    monkeypatch.setattr(learning, "MAX_NEW", 5)
    found = learned(T, {}, [Sighting(What.HOST, f"h{n}", "x", 1, 1, 1) for n in range(8)])
    assert (len(found.new), found.left_out) == (5, 3)


SEEN = st.builds(
    Sighting,
    st.sampled_from(list(What)),
    st.sampled_from(["a", "A", "b", "10.0.0.1"]),
    st.sampled_from(["s", "t"]),
    st.integers(0, 9),
    st.integers(10, 20),
    st.integers(1, 5),
)


@given(st.lists(SEEN, max_size=12), st.randoms(), st.integers(0, 12))
def test_batches_add_up_in_any_order(found, chance, cut) -> None:
    other = found[:]
    chance.shuffle(other)
    halves = together([*together(other[:cut]), *together(other[cut:])])
    assert halves == together(found)
