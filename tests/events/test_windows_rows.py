"""Windows events as rows: whatever the order of keys and the kinds of values, the batch says what the events said."""

import json
from collections.abc import Mapping
from typing import Any

import orjson
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from wardwatch.events import batch as layout
from wardwatch.events import windows_rows
from wardwatch.events.builder import BatchBuilder, Origin
from wardwatch.events.record import Group, Reject
from wardwatch.events.words import Words, text_of
from wardwatch.sources import Context, windows_json

NOW = 1_795_435_200_000_000
VALUES = st.sampled_from(
    ["a", "", "-", "1", "true", 1, 0, True, False, 1.0, 0.0, 2.5, 1e20, None, ["a", 1], [], {"x": 1}]
)
EVENTS = st.lists(
    st.fixed_dictionaries(
        {"EventID": st.sampled_from([0, 1, 5, "1", 5.0]), "Channel": st.sampled_from(["System", "Security"])},
        optional={"A": VALUES, "B": VALUES, "EventType": st.sampled_from(["x", "y"]), "Keywords": VALUES},
    ).flatmap(lambda event: st.permutations(list(event.items())).map(dict)),
    max_size=12,
)

# A list where there were texts, behind a field that is already numbered; then the same keys in other order.
LISTS_COME_LATE: list[dict[str, Any]] = [
    {"EventID": 5, "Channel": "System", "A": "a", "B": "b"},
    {"EventID": 5, "Channel": "System", "A": "a", "B": ["b", 1]},
    {"B": "c", "A": "d", "Channel": "System", "EventID": 5},
    {"EventID": 5, "Channel": "System", "A": "e", "B": "f"},
]


def read(events: list[Mapping[str, Any]]) -> tuple[dict[int, dict[str, Any]], list[Reject]]:
    """The fields of each event as batches hold them, by ordinal."""
    builder = BatchBuilder(Origin("t", b"o", NOW, "windows_json"))
    rejects = []
    for one in windows_json.read([(n, orjson.dumps(event)) for n, event in enumerate(events)], Context(NOW)):
        if isinstance(one, Reject):
            rejects.append(one)
        else:
            assert isinstance(one, Group)
            builder.extend(one)
    found = {}
    for unnumbered in builder.unnumbered():
        for ordinal, row in zip(unnumbered.ordinals, unnumbered.events.to_pylist(), strict=True):
            cut = len(layout.FIELD_PREFIX)
            found[ordinal] = {
                name[cut:]: value
                for name, value in row.items()
                if name.startswith(layout.FIELD_PREFIX) and value is not None
            }
    return found, rejects


def as_list(value: object) -> list[str]:
    return [text_of(one) for one in value] if isinstance(value, list) else [text_of(value)]


@given(events=EVENTS, flat=st.booleans())
@example(events=LISTS_COME_LATE, flat=True)
@example(events=LISTS_COME_LATE, flat=False)
def test_rows_say_what_events_say(events: list[dict[str, Any]], *, flat: bool) -> None:
    nested = [
        {
            "System": {name: event[name] for name in ("EventID", "Channel", "Keywords") if name in event},
            "EventData": {name: value for name, value in event.items() if name in ("A", "B", "EventType")},
        }
        for event in events
    ]
    found, rejects = read([*events] if flat else nested)  # type: ignore[list-item]
    assert rejects == []
    assert sorted(found) == list(range(len(events)))
    for ordinal, event in enumerate(events):
        missing = {} if flat else {"Keywords": None, **dict.fromkeys(("Computer", "Provider_Name", "Level"))}
        expected = {name: as_list(value) for name, value in {**missing, **event}.items()}
        mine = {name: as_list(value) for name, value in found[ordinal].items()}
        if not flat:
            mine = {name: value for name, value in mine.items() if name in expected}
        assert mine == expected


def test_events_whose_keys_stand_in_other_order_share_a_group() -> None:
    event = {"EventID": 11, "Channel": "System", "Image": "x", "EventTime": "2026-11-23 02:11:04", "Hostname": "h"}
    events = [event, dict(reversed(event.items())), dict(sorted(event.items()))]
    (group,) = windows_json.read([(n, orjson.dumps(one)) for n, one in enumerate(events)], Context(NOW))
    assert isinstance(group, Group)
    assert len(set(group.values())) == 1
    assert group.ordinals == [0, 1, 2]
    assert dict(group.constants) == {"Channel": "System", "EventID": "11"}


@pytest.mark.parametrize("nested", [False, True])
def test_a_truth_value_is_no_event_id(*, nested: bool) -> None:
    event = {"EventID": True, "Channel": "Microsoft-Windows-Sysmon/Operational"}
    found, rejects = read([{"Event": {"System": event}} if nested else event, {**event, "EventID": 1}])
    assert [(one.ordinal, one.reason) for one in rejects] == [(0, "EventID or Channel is not a plain value")]
    assert found[1]["EventID"] == "1", "and what came first does not decide what the next one is"


def test_shapes_with_many_fields_are_not_remembered() -> None:
    windows_rows._flat_layout.cache_clear()
    wide = {"EventID": 1, "Channel": "System", **{f"f{n}": n for n in range(windows_rows._MAX_REMEMBERED)}}
    found, _ = read([wide])
    assert len(found[0]) == len(wide)
    assert windows_rows._flat_layout.cache_info().currsize == 0
    read([{"EventID": 1, "Channel": "System"}])
    assert windows_rows._flat_layout.cache_info().currsize == 1


def test_words_number_texts_and_nothing_else() -> None:
    words = Words()
    asked = ["a", 1, "1", True, 1.0, "true", None, "a", 0, False]
    assert [words[one] for one in asked] == [0, 1, 1, 2, 1, 2, 3, 0, 4, 5]  # type: ignore[index]
    assert list(words) == ["a", "1", "true", layout.NULL, "0", "false"]
    with pytest.raises(TypeError):
        words[json.loads("[]")]
