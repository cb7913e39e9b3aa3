import io
import re

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
