import pytest

from wardwatch.events.flat import MAX_FIELDS, flatten


def test_names_are_joined_and_lists_of_objects_gathered() -> None:
    nested = {
        "a": {"b": 1, "c": {"d": None}},
        "list": [{"x": 1, "y": {"z": "p"}}, {"x": [2, 3]}],
        "plain": [1, "two"],
        "mixed": [1, {"k": 2}],
        "empty": [],
        "none": {},
    }
    assert flatten(nested) == {
        "a.b": 1,
        "a.c.d": None,
        "list.x": [1, 2, 3],
        "list.y.z": ["p"],
        "plain": [1, "two"],
        "mixed": [1],
        "mixed.k": [2],
        "empty": [],
    }


def test_too_many_fields_are_refused() -> None:
    with pytest.raises(ValueError, match=f"more than {MAX_FIELDS} fields"):
        flatten({str(number): 1 for number in range(MAX_FIELDS + 1)})


def test_what_is_too_deep_stays_json_text() -> None:
    nested: dict[str, object] = {"end": 1}
    for _ in range(30):
        nested = {"k": nested}
    [(name, value)] = flatten(nested).items()
    assert (name.count("k"), value) == (25, '{"k":{"k":{"k":{"k":{"k":{"end":1}}}}}}')
