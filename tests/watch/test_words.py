"""Everything that the watch says exists in both languages, and is filled whole."""

import ast
from pathlib import Path

from tests.watch.day import day, memory, play

import wardwatch
from wardwatch.catalogue import words
from wardwatch.incidents.incident import CARE_STATES
from wardwatch.incidents.states import State
from wardwatch.kernel.severity import Level
from wardwatch.watch.acts import incidents
from wardwatch.watch.effects import Notify, Refused
from wardwatch.watch.groups import GroupState

SOURCES = Path(wardwatch.__file__).parent / "watch"


def test_a_days_timeline_and_messages_are_sentences_without_gaps() -> None:
    played = play(memory(), day(noise=300))
    said = [(one["text"], one["params"]) for one in played.timeline]
    said += [(one.text, one.params) for one in played.effects if isinstance(one, Notify)]
    said += [(f"refused.{one.reason}", one.params) for one in played.effects if isinstance(one, Refused)]
    assert len({key for key, _ in said}) > 25
    known = words.shipped()
    assert {key for key, _ in said if key not in known} == set()
    assert {
        (key, place) for key, params in said for place in words.places(known[key].en) if place not in params
    } == set()


def test_every_reason_for_a_refusal_has_words() -> None:
    keys = set()
    for path in SOURCES.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Refused":
                keys |= {one.value for one in ast.walk(node.args[0]) if isinstance(one, ast.Constant) and one.value}
    assert len(keys) > 20
    known = set(words.shipped())
    assert {key for key in keys if f"refused.{key}" not in known} == set()


def test_every_word_of_ours_has_a_translation() -> None:
    ours = [level.word for level in Level] + [*State, *GroupState, *CARE_STATES, *incidents.CUSTODY]
    assert [one for one in ours if f"value.{one}" not in words.shipped()] == []


def test_no_words_are_left_that_nobody_says() -> None:
    others = [SOURCES.parent / "usecases" / name for name in ("people.py", "campaigns.py")]
    sayers = (*SOURCES.rglob("*.py"), *SOURCES.parent.glob("incidents/*.py"), *others)
    text = "".join(path.read_text(encoding="utf-8") for path in sayers)
    said = {key for key in words.shipped() if key.rpartition(".")[2].removeprefix("new_") in text}
    unsaid = words.shipped().keys() - said - {f"value.{level.word}" for level in Level}
    assert unsaid == set()
