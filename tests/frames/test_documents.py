import io
import re
import time

import pytest

from wardwatch.frames import documents

INSIDE = frozenset({"entry", "resource", "value"})


@pytest.mark.parametrize(
    ("log", "wanted"),
    [
        (b'{"a":1}\n\n{"b":[{"c":2}]}\n', [(0, b'{"a":1}'), (9, b'{"b":[{"c":2}]}')]),
        (b'\n[{"a":1},\n {"b":"]}\\""}]', [(2, b'{"a":1}'), (12, b'{"b":"]}\\""}')]),
        (
            b'{"k":"x","link":[{"q":1}],"entry":[{"u":"v","resource":{"r":1}}],"z":[{"k":1}]}',
            [(55, b'{"r":1}')],
        ),
        (b'{"value":[]}', []),
        (b'{\n"a":1\n}\n{\n"b":2}\n', [(0, b'{\n"a":1\n}'), (10, b'{\n"b":2}')]),
        (b'{"a":\n"cut', [(0, b'{"a":\n"cut')]),
        (b"plain\ntext", [(0, b"plain"), (6, b"text")]),
        (b"", []),
    ],
)
def test_json_values(log: bytes, wanted: list[tuple[int, bytes]]) -> None:
    assert list(documents.json_values(io.BytesIO(log), INSIDE)) == wanted


def test_json_values_over_many_chunks() -> None:
    records = [b'{"n": %d, "text": "%s"}' % (number, b"x{[\\\\" * 500) for number in range(300)]
    found = list(documents.json_values(io.BytesIO(b"[\n" + b",\n".join(records) + b"\n]")))
    assert [body for _, body in found] == records


def test_an_endless_value_is_cut_off() -> None:
    log = b'[{"a": "' + b"x" * (documents.MAX_DOCUMENT + 10)
    assert [len(body) for _, body in documents.json_values(io.BytesIO(log))] == [documents.MAX_DOCUMENT]


GOOD_LINES = [b'{"n":%d}' % number for number in range(5)]


@pytest.mark.parametrize(
    "hostile",
    [
        b'{"a": "open',
        b"[[[[{",
        b'{"a":[',
        b'["x',
        b'{"a": "' + b"x" * 100_000,
        b'{"a": "' + b"x" * (documents.MAX_DOCUMENT + 10),
        b'{"a": ' * 1_000_000,
    ],
    ids=["string", "brackets", "array", "array of a string", "beyond the head", "too long", "too deep"],
)
def test_one_hostile_line_hides_no_other(hostile: bytes) -> None:
    found = list(documents.json_values(io.BytesIO(b"\n".join([hostile, *GOOD_LINES]))))
    assert [body for _, body in found[1:]] == GOOD_LINES
    assert [offset for offset, _ in found[1:]] == [len(hostile) + 1 + 8 * number for number in range(5)]


def test_after_a_record_that_is_too_long_reading_goes_on() -> None:
    long = b'{\n"a": "' + b"x" * (documents.MAX_DOCUMENT + 10) + b'"\n}\n'
    found = list(documents.json_values(io.BytesIO(b'{\n"b": 1}\n' + long + b'{\n"c": 2}\n')))
    assert [(offset, len(body)) for offset, body in found] == [
        (0, 9),
        (10, documents.MAX_DOCUMENT),
        (10 + len(long), 9),
    ]


@pytest.mark.parametrize(
    ("head", "wanted"),
    [
        (b'{"a":1}\n', True),
        (b'{"a":1}', True),
        (b'\xef\xbb\xbf{"a":1}\n', True),
        (b'{"a\n{"b":1}\n{"c":1}\n', True),
        (b"x" * 60 + b"\n", True),
        (b'[\n{"a":1},\n{"b":1}\n]', False),
        (b'[\n{"a":1}\n,\n{"b":1}\n]', False),
        (b'{"v":\n{"b":1}\n}', False),
        (b"{\n", False),
        (b"[", False),
        (b"\n", False),
    ],
)
def test_json_lines_are_known_by_their_first_lines(head: bytes, *, wanted: bool) -> None:
    assert documents.is_json_lines(head) == wanted


def test_many_lines_of_one_element_take_linear_time() -> None:
    log = b"<e>\n" + b"a\n" * 1_500_000 + b"</e>"
    began = time.process_time()
    assert [len(body) for _, body in documents.elements(io.BytesIO(log), "e", re.compile(rb"-"))] == [len(log)]
    crowded = b"</e>" * 1_000_000
    assert sum(1 for _ in documents.elements(io.BytesIO(crowded), "e", re.compile(rb"-"))) == 1_000_000
    assert time.process_time() - began < 20


@pytest.mark.parametrize(
    ("log", "wanted"),
    [
        (b"<e><a/></e><e>\n</e>\n", [(0, b"<e><a/></e>"), (11, b"<e>\n</e>")]),
        (b"<l>\nnoise\n<x:e b='1'>\n</x:e></l>", [(4, b"noise"), (10, b"<x:e b='1'>\n</x:e>")]),
        (b"<?xml?>\n<e>open\n<e>b</e>\n", [(0, b"<?xml?>\n<e>open"), (16, b"<e>b</e>")]),
        (b"Nov 23 host app: <e/><e></e>", [(0, b"Nov 23 host app: <e/><e></e>")]),
        (b"<e>cut", [(0, b"<e>cut")]),
        (b"<extra></extra>", [(0, b"<extra></extra>")]),
    ],
)
def test_elements(log: bytes, wanted: list[tuple[int, bytes]]) -> None:
    assert list(documents.elements(io.BytesIO(log), "e", re.compile(rb"</?l>"))) == wanted


@pytest.mark.parametrize(
    ("log", "wanted"),
    [
        (b"\x0bMSH|a\rPID|1\r\x1c\r\x0bMSH|b\r\x1c\r", [(1, b"MSH|a\rPID|1"), (16, b"MSH|b")]),
        (b"MSH|a\rPID|MSH|x\nMSH|b\n", [(0, b"MSH|a\rPID|MSH|x"), (16, b"MSH|b")]),
        (b"noise\n10.0.0.1 MSH|a", [(0, b"noise"), (6, b"10.0.0.1 MSH|a")]),
        (b"", []),
    ],
)
def test_hl7_messages(log: bytes, wanted: list[tuple[int, bytes]]) -> None:
    assert list(documents.hl7_messages(io.BytesIO(log))) == wanted


def test_hl7_messages_over_many_chunks() -> None:
    message = b"MSH|^~\\&|A\r" + b"OBX|1|TX|||" + b"y" * 5000 + b"\r"
    found = list(documents.hl7_messages(io.BytesIO((b"\x0b" + message + b"\x1c\r") * 200)))
    assert [body for _, body in found] == [message.strip()] * 200
