"""Logs of lines: blocks and pieces, cut anywhere, hold the same bodies as the whole."""

from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from uuid import UUID

import orjson
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from wardwatch import sources
from wardwatch.catalogue.files import ContentFile
from wardwatch.detection.memory import Memory
from wardwatch.events.builder import Origin
from wardwatch.events.record import Reject
from wardwatch.frames.inputs import Input
from wardwatch.pipeline import blocks, examples, ruleset
from wardwatch.pipeline.blocks import line_blocks
from wardwatch.pipeline.reading import Reader
from wardwatch.pipeline.tasks import Task

LINES = st.sampled_from([b"", b"a", b"bb", b"  ", b"\t", b"x" * 19, b"y" * 20, b"z" * 21, b"w" * 70, b"\x0b", b"c\r"])
ENDS = st.sampled_from([b"\n", b"\n", b"\n", b"\r\n", b"\n\n"])
LOGS = st.tuples(
    st.sampled_from([b"", b"\xef\xbb\xbf"]),
    st.lists(st.tuples(LINES, ENDS).map(b"".join), max_size=12).map(b"".join),
    LINES,
).map(b"".join)
LIMIT = 20  # of a line, here


def task(path: Path, start: int = 0, end: int | None = None) -> Task:
    return Task(Input(path.name, b"o", str(path), path.stat().st_size), "syslog", start, end)


def expected(log: bytes) -> dict[int, bytes | None]:
    """The bodies of a log by their offsets, plainly; `None` for a line that is too long."""
    found: dict[int, bytes | None] = {}
    offset = 0
    for number, line in enumerate(log.split(b"\n")):
        text = b"   " + line[3:] if number == 0 and line.startswith(b"\xef\xbb\xbf") else line
        if text.strip():
            found[offset] = None if len(text) > LIMIT and len(text.rstrip(b"\r")) > LIMIT else text.rstrip(b"\r")
        offset += len(line) + 1
    return found


def read(tasks: list[Task]) -> dict[int, bytes | None]:
    found: dict[int, bytes | None] = {}
    for one in tasks:
        for block in line_blocks(one):
            for offset, body in block.bodies:
                assert offset not in found, "read twice"
                found[offset] = body
            for reject in block.rejects:
                assert reject.ordinal not in found, "read twice"
                assert reject.reason == f"line longer than {LIMIT} bytes"
                found[reject.ordinal] = None
    return found


@settings(max_examples=300)
@given(log=LOGS, block=st.integers(1, 90), cuts=st.sets(st.integers(1, 200), max_size=4))
@example(log=b"a\n" + b"w" * 70 + b"\nb\n", block=10, cuts={30, 50})
def test_pieces_hold_what_the_whole_holds(
    tmp_path_factory: pytest.TempPathFactory, log: bytes, block: int, cuts: set[int]
) -> None:
    path = tmp_path_factory.getbasetemp() / "log"
    path.write_bytes(log)
    bounds = [0, *sorted(cut for cut in cuts if cut < len(log)), len(log)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(blocks, "BLOCK", block)
        patch.setattr(blocks, "MAX_BODY", LIMIT)
        assert read([task(path)]) == expected(log)
        pieces = [task(path, start, end) for start, end in pairwise(bounds)]
        assert read(pieces) == expected(log)


def test_a_piece_amid_an_endless_line_is_empty(tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_bytes(b"x" * 10_000)
    assert read([task(path, 5_000, 10_000)]) == {}


RULES = ruleset.of_files([], {})


def items(path: Path, source: str, **more: object) -> tuple[list[str], list[Reject]]:
    """Where events begin, and the rejects."""
    one = sources.every()[source]
    reader = Reader(RULES.rules, Memory(), {})
    origin = Origin("t", b"o", 1_795_435_200_000_000, source)
    whole = Task(Input(path.name, b"o", str(path), path.stat().st_size), source, **more)  # type: ignore[arg-type]
    found = list(reader.read(whole, one, sources.Context(origin.received_at), origin))
    batches = [item.events.whole() for item in found if not isinstance(item, Reject)]
    places = [place for batch in batches for place in batch.column("record_id").to_pylist()]
    return sorted(places), [item for item in found if isinstance(item, Reject)]


@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
@pytest.mark.parametrize("bom", [b"", b"\xef\xbb\xbf"], ids=["", "bom"])
def test_a_blank_line_is_no_reject(bom: bytes, end: bytes, tmp_path: Path) -> None:
    path = tmp_path / "log"
    event = b'{"EventID": 1, "Channel": "System"}'
    path.write_bytes(bom + event + end + b"   " + end + end + event)
    places, rejects = items(path, "windows_json")
    assert rejects == []
    second = len(bom) + len(event) + 3 * len(end) + 3
    assert places == sorted(["@0", f"@{second}"])


def test_documents_over_many_lines_are_counted(tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_bytes(b'[\n{"EventID": 1,\n "Channel": "System"},\n{"EventID": 2, "Channel": "System"}, 5]')
    places, _ = items(path, "windows_json")
    assert len(places) == 2


def test_a_log_in_chunks_is_a_log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "log"
    path.write_bytes(b"[" + b",".join(b'{"EventID": %d,\n"Channel": "System"}' % n for n in range(50)) + b"]")
    whole = items(path, "windows_json")
    monkeypatch.setattr(blocks, "CHUNK", 7)
    assert items(path, "windows_json") == whole
    assert len(whole[0]) == 50


KEYWORD = b"""
title: A number as a keyword
id: 00000000-0000-0000-0000-000000000001
logsource: {product: windows}
detection: {keywords: ['100'], condition: keywords}
"""


@pytest.mark.parametrize("spelled", ["100", "1e2", "100.0", '"x100y"', "[[1, 1.0e2]]", "10.0E+1"])
def test_a_keyword_is_found_however_the_number_is_spelled(spelled: str, tmp_path: Path) -> None:
    path = tmp_path / "log"
    lines = [f'{{"EventID": 1, "Channel": "System", "Value": {value}}}' for value in ("7", spelled, "1000.5", "5e1")]
    path.write_text("\n".join(lines))
    alerts, summary = examples.scan_paths([str(path)], ruleset.of_files([ContentFile("rule.yml", KEYWORD)], {}))
    assert summary.total_events == 4
    assert [alert.record_id for alert in alerts] == ["line 2", "line 3"]


WORDS = ("mimikatz", "sekurlsa", "script", "aspx")
# What a detection says, and when it is true: of the words in any field, and of those in the command line.
SHAPES: list[tuple[dict[str, object], Callable[[set[str], set[str]], bool]]] = [
    ({"a": list(WORDS[:2]), "condition": "a"}, lambda any_, _: bool(any_ & {"mimikatz", "sekurlsa"})),
    ({"a": {"|all": ["mimikatz", "script"]}, "condition": "a"}, lambda any_, _: {"mimikatz", "script"} <= any_),
    (
        {"a": ["sekurlsa"], "b": ["script"], "condition": "a and not b"},
        lambda any_, _: "sekurlsa" in any_ and "script" not in any_,
    ),
    (
        {"a": ["aspx"], "b": {"CommandLine|contains": "script"}, "condition": "a or b"},
        lambda any_, command: "aspx" in any_ or "script" in command,
    ),
    (
        {"a": ["aspx"], "b": {"CommandLine|contains": "mimikatz"}, "condition": "a and b"},
        lambda any_, command: "aspx" in any_ and "mimikatz" in command,
    ),
    (
        {"a": ["aspx"], "b": {"CommandLine|contains": "sekurlsa"}, "condition": "b and not a"},
        lambda any_, command: "aspx" not in any_ and "sekurlsa" in command,
    ),
    ({"a": ["script"], "condition": "not a"}, lambda any_, _: "script" not in any_),
]


@settings(max_examples=150)
@given(
    chosen=st.sets(st.integers(0, len(SHAPES) - 1), min_size=1),
    events=st.lists(
        st.tuples(st.sets(st.sampled_from(WORDS)), st.sets(st.sampled_from(WORDS))), min_size=1, max_size=8
    ),
)
def test_reading_no_more_than_a_keyword_asks_for_loses_and_invents_nothing(
    tmp_path_factory: pytest.TempPathFactory, chosen: set[int], events: list[tuple[set[str], set[str]]]
) -> None:
    rules = [
        ContentFile(
            f"{number}.yml",
            orjson.dumps(
                {
                    "title": str(number),
                    "id": str(UUID(int=number)),
                    "logsource": {"product": "windows"},
                    "detection": SHAPES[number][0],
                }
            ),
        )
        for number in sorted(chosen)
    ]
    lines = [
        orjson.dumps({"EventID": 1, "Channel": "System", "CommandLine": " ".join(command), "Note": " ".join(note)})
        for note, command in events
    ]
    path = tmp_path_factory.getbasetemp() / "words"
    path.write_bytes(b"\n".join(lines))
    alerts, _ = examples.scan_paths([str(path)], ruleset.of_files(rules, {}))
    found = {(UUID(one.rule_id).int, int(str(one.record_id).removeprefix("line ")) - 1) for one in alerts}
    assert found == {
        (number, at)
        for number in chosen
        for at, (note, command) in enumerate(events)
        if SHAPES[number][1](note | command, command)
    }
