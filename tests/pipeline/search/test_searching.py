"""Searches find exactly what the query says, in the tenants of the scope and in no other."""

from collections.abc import Iterator, Mapping
from contextlib import closing
from fnmatch import fnmatchcase
from ipaddress import ip_address, ip_network
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.pipeline.lake.events import DAY, PROCESS, SECOND, T0, batches, record

from wardwatch.detection.predicates import ANY, ONE
from wardwatch.events.logsource import LogSource
from wardwatch.events.record import Value
from wardwatch.kernel.errors import InputError
from wardwatch.pipeline.lake import Lake
from wardwatch.pipeline.privacy import Privacy
from wardwatch.pipeline.search.fields import ADDRESSES
from wardwatch.pipeline.search.query import All, Compare, Like, Network, Node, Not, Term, parse
from wardwatch.pipeline.search.searching import Asked, Event, Limits, Scope, Search, around

NORD = Scope(frozenset({"nord"}))
SHELL = "C:\\Windows\\System32\\cmd.exe"
EVENTS: tuple[Mapping[str, Value], ...] = (
    {"EventID": 1, "Image": SHELL, "CommandLine": "cmd /c whoami", "n": 0, "SourceIp": "10.4.2.66"},
    {"EventID": 1, "Image": "C:\\x\\50%_off.exe", "CommandLine": "ÉCOLE Straße", "n": 1, "src": "10.40.2.66"},
    {"EventID": 3, "SourceIp": "fe80::1", "DestinationPort": 443, "n": 2, "answers": ["10.4.0.1", "x"]},
    {"UserID": ["PACS", "EVIL", None], "n": 3, "other.name": ["a*b", "c"], "Path": None},
    {"Message": 'say "hi" \\ done', "n": 4, "Empty": "", "odd'name": "q", "port": "1024.5"},
    {"n": 5, "IpAddress": "010.4.2.66", "port": "99", "answers": '["10.4.9.9"]'},
)


def fill(folder: Path, tenant: str = "nord", *, source: str = "windows_json", parts: int = 1) -> None:
    with closing(Lake(folder).tenant(tenant)) as lake:
        for part in range(parts):
            chosen = [
                record(n, fields, n * SECOND, PROCESS if n < 3 else LogSource("linux"), f"pc{n % 2}")
                for n, fields in enumerate(EVENTS)
                if n % parts == part
            ]
            lake.commit(lake.stage(batches(chosen, tenant=tenant, source=source)), {})


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    found = tmp_path_factory.mktemp("lake")
    fill(found, parts=2)
    fill(found, "sud", source="cef")
    return found


@pytest.fixture(scope="module")
def search(folder: Path) -> Iterator[Search]:
    with closing(Search(folder, NORD)) as found:
        yield found


def numbers(found: list[Event]) -> list[int]:
    return [int(str(event.fields["n"])) for event in found]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", [0, 1, 2, 3, 4, 5]),
        ("EventID:1", [0, 1]),
        (r"Image:*\CMD.exe", [0]),
        (r"image:*\cmd.exe", []),  # names of fields are written as they are
        (f'Image:"{SHELL}"', [0]),
        ("Image:*50%_off*", [1]),
        ("Image:*50?_off*", [1]),
        ("CommandLine:école*", [1]),
        ("Image:*", [0, 1]),
        ("NOT Image:*", [2, 3, 4, 5]),
        ("UserID:evil", [3]),
        ("UserID:*", [3]),
        ('UserID:"PACS*EVIL"', []),
        (r"other.name:a\*b", [3]),
        ("other.name:c", [3]),
        ("Path:*", []),
        ('Empty:""', [4]),
        ("Empty:*", [4]),
        ("odd'name:q", []),
        ("DestinationPort:>442", [2]),
        ("DestinationPort:[* TO 442]", []),
        ("port:{99 TO 2000]", [4]),
        ("port:[99 TO 1024.5}", [5]),
        ("ip:10.4.2.66", [0]),
        ("ip:10.4.0.0/16", [0, 2]),
        ("ip:10.0.0.0/8", [0, 1, 2]),
        ("ip:10.4.2.64/30", [0]),
        ("ip:fe80::/10", [2]),
        ("SourceIp:10.0.0.0/8", [0]),
        ("whoami", [0]),
        ("WHOAMI cmd", [0]),
        ("who*mi", [0]),
        ("evil", [3]),
        ("10.4.?.66", [0, 5]),
        ('"say \\"hi\\""', [4]),
        ("pc1", [1, 3, 5]),
        ("host:PC1", [1, 3, 5]),
        ("user:ida n:2", [2]),
        ("product:linux", [3, 4, 5]),
        ("category:process_creation EventID:3", [2]),
        ("source:windows_json n:0", [0]),
        ("source:(cef OR zeek)", []),
        ("tenant:sud", []),
        ("time:>2026-11-23T02:00:03Z", [4, 5]),
        ("time:[2026-11-23T02:00:01 TO 2026-11-23T02:00:02]", [1, 2]),
        ("received_at:<2026-11-23", []),
        ("(EventID:1 OR n:5) NOT whoami", [1, 5]),
        ("n:(0 OR 4 OR 9)", [0, 4]),
    ],
)
def test_a_query_finds_what_it_says(query: str, expected: list[int], search: Search) -> None:
    asked = Asked(parse(query))
    assert numbers(search.events(asked)) == expected[::-1]
    assert numbers(search.events(asked, oldest_first=True)) == expected
    assert search.count(asked) == len(expected)
    assert sum(count for _, count in search.histogram(asked)) == len(expected)


# A plain reading of the language, to compare with.
def holds(node: Node, event: Mapping[str, Value]) -> bool:
    if isinstance(node, Not):
        return not holds(node.operand, event)
    if not isinstance(node, Term):
        return (all if isinstance(node, All) else any)(holds(one, event) for one in node.operands)
    if node.field is None:
        assert isinstance(node.test, Like)
        inside = Like((ANY, *node.test.parts, ANY))
        return any(one(inside, text) for value in event.values() for text in texts(value))
    names = ADDRESSES if node.field == "ip" else (node.field,)
    return any(one(node.test, text) for name in names for text in texts(event.get(name)))


def texts(value: Value) -> list[str]:
    return [str(one) for one in (value if isinstance(value, list) else [value]) if one is not None]


def one(test: Like | Compare | Network, text: str) -> bool:
    if isinstance(test, Like):
        wild = {ANY: "*", ONE: "?"}
        glob = "".join(
            wild[p] if isinstance(p, int) else "".join(f"[{c}]" if c in "*?[" else c for c in p.lower())
            for p in test.parts
        )
        return fnmatchcase(text.lower(), glob)
    if isinstance(test, Network):
        try:
            return ip_address(text) in ip_network(test.network)
        except ValueError:
            return False
    if not text.replace(".", "", 1).lstrip("+-").isdigit() or text.endswith("."):
        return False
    low, high = test.low, test.high
    above = low is None or (float(text) >= float(low) if test.low_included else float(text) > float(low))
    return above and (high is None or (float(text) <= float(high) if test.high_included else float(text) < float(high)))


FIELDS = st.sampled_from(["EventID", "Image", "CommandLine", "UserID", "other.name", "port", "Message", "Path", "n"])
WORDS = st.sampled_from(
    ["1", "*", "?", "*c*", "evil", "cmd", "99", "a?b", "*\\\\cmd.exe", "P*", '"', "done", "*0*", "école", "50%_off"]
)
TERMS = (
    st.builds(lambda f, w: f'{f}:"{w}"' if w != '"' else f"{f}:*", FIELDS, WORDS)
    | st.builds(
        lambda f, a, b: f"{f}:[{a} TO {b}]",
        st.sampled_from(["EventID", "port", "n"]),
        st.integers(0, 5),
        st.integers(0, 2000),
    )
    | st.sampled_from(["ip:10.4.0.0/15", "ip:10.4.2.66", "ip:::/0", "ip:0.0.0.0/0", "src:10.40.0.0/13"])
    | WORDS.map(lambda w: f'"{w}"' if w != '"' else "hi")
)
QUERIES = st.recursive(
    TERMS,
    lambda inner: (
        st.builds(lambda a, op, b: f"({a} {op} {b})", inner, st.sampled_from(["AND", "OR", ""]), inner)
        | inner.map(lambda one: f"NOT {one}")
    ),
    max_leaves=5,
)


@given(query=QUERIES)
def test_searches_agree_with_a_plain_reading(query: str, search: Search) -> None:
    node = parse(query)
    expected = [n for n, event in enumerate(EVENTS) if holds(node, {**event, "@host": f"pc{n % 2}", "@user": "ida"})]
    assert numbers(search.events(Asked(node), oldest_first=True)) == expected


def test_an_event_comes_back_whole(search: Search) -> None:
    (event,) = search.events(Asked(parse("n:3")))
    assert event.fields == {"UserID": ["PACS", "EVIL", None], "n": "3", "other.name": ["a*b", "c"], "Path": None}
    assert (event.tenant, event.source, event.host, event.user) == ("nord", "windows_json", "pc1", "ida")
    assert (event.occurred_at, event.received_at) == (T0 + 3 * SECOND, T0 + 60 * SECOND)
    assert event.logsource == ("linux", None, None)
    assert search.events(Asked(parse(f"event_id:{event.event_id}"))) == [event]


def test_a_scope_sees_its_tenants_and_no_other(folder: Path) -> None:
    for tenants, expected in (
        ({"nord"}, {"nord"}),
        ({"nord", "sud"}, {"nord", "sud"}),
        (set(), set()),
        ({"ouest"}, set()),
    ):
        with closing(Search(folder, Scope(frozenset(tenants)))) as search:
            everything = Asked(parse("n:* OR NOT n:* OR tenant:*"))
            assert {event.tenant for event in search.events(everything)} == expected
            assert search.count(everything) == 6 * len(expected)
            assert {value for value, _ in search.top(everything, "tenant")} == expected
    for name in ("../nord", "nord/day=2026-11-23", "*", ""):
        with pytest.raises(InputError, match="not the name of a tenant"):
            Scope(frozenset({name}))


def test_time_and_source_leave_files_unread(tmp_path: Path) -> None:
    with closing(Lake(tmp_path).tenant("nord")) as lake:
        for day in range(5):
            made = batches(
                [record(day, {"n": day}, day * DAY)], received_at=T0 + day * DAY, source=("cef", "zeek")[day % 2]
            )
            lake.commit(lake.stage(made), {})
    with closing(Search(tmp_path, NORD)) as search:
        assert len(search.paths(Asked(parse("n:1")))) == 5
        assert len(search.paths(Asked(parse("source:cef x")))) == 3
        assert len(search.paths(Asked(parse("x"), since=T0 + 3 * DAY))) == 2
        assert len(search.paths(Asked(parse("time:<2026-11-24T02:00 x")))) == 2
        assert len(search.paths(Asked(parse("time:<2026-11-24T02:00 OR x")))) == 5
        assert numbers(search.events(Asked(), 2)) == [4, 3]
        assert numbers(search.events(Asked(since=T0 + DAY, until=T0 + 2 * DAY))) == [2, 1]


def test_files_without_a_value_of_what_is_asked_are_not_opened(tmp_path: Path) -> None:
    made: dict[str, Mapping[str, Value]] = {
        "cef": {"n": 0, "Image": SHELL},
        "zeek": {"n": 1, "answers": ["10.4.0.1"], "Image": None},
        "hl7": {"n": 2, "PatientID": "P1"},
    }
    with closing(Lake(tmp_path).tenant("nord")) as lake:
        for source, fields in made.items():
            lake.commit(lake.stage(batches([record(0, fields)], source=source)), {})
    with closing(Search(tmp_path, NORD)) as search:

        def opened(query: str) -> list[str]:
            return sorted(file.source for _, file in search.paths(Asked(parse(query))))

        assert opened("Image:*cmd*") == ["cef"]
        assert opened("NOT Image:*cmd*") == ["cef", "hl7", "zeek"]
        assert opened("Image:*cmd* OR PatientID:P1") == ["cef", "hl7"]
        assert opened("Image:*cmd* PatientID:P1") == []
        assert opened("ip:10.0.0.0/8") == ["zeek"]
        assert opened("patient:P1") == ["hl7"]
        assert opened("nothing:*") == []
        assert opened("Image:*cmd* OR (host:pc1 n:2)") == ["cef", "hl7", "zeek"]
        assert opened("cmd") == ["cef", "hl7", "zeek"]
        assert search.count(Asked(parse("nothing:*"))) == 0
        with pytest.raises(InputError):
            search.count(Asked(parse("nothing:[a TO b]")))  # what cannot be asked is said, though nothing is opened


def test_the_newest_come_first_however_files_overlap(tmp_path: Path) -> None:
    with closing(Lake(tmp_path).tenant("nord")) as lake:
        for part in range(30):
            made = batches([record(n, {"n": n}, n * SECOND) for n in range(part, 300, 30)], origin=b"%d" % part)
            lake.commit(lake.stage(made), {})
        with closing(Search(tmp_path, NORD)) as search:
            assert numbers(search.events(Asked(), 25)) == list(range(299, 274, -1))
            assert numbers(search.events(Asked(), 25, oldest_first=True)) == list(range(25))
            lake.compact("2026-11-23", final=True)
            assert numbers(search.events(Asked(parse("n:*7")), 3)) == [297, 287, 277]


def test_histogram_and_top_values(search: Search) -> None:
    asked = Asked(parse("n:(0 OR 1 OR 4)"))
    assert search.histogram(asked, 1) == [(T0 + n * SECOND, int(n in (0, 1, 4))) for n in range(5)]
    assert search.histogram(asked, 60) == [(T0, 3)]
    assert search.histogram(Asked(parse("nothing"))) == []
    assert search.top(Asked(), "EventID") == [(None, 3), ("1", 2), ("3", 1)]
    assert search.top(Asked(parse("UserID:*")), "UserID") == [("EVIL", 1), ("PACS", 1), (None, 1)]
    assert search.top(Asked(), "host", 1) == [("pc0", 3)]
    assert search.top(Asked(parse("n:4")), "odd'name") == [("q", 1)]


def test_around_a_moment_on_a_host(search: Search) -> None:
    asked = around("pc1", T0 + 2 * SECOND, SECOND, SECOND)
    assert numbers(search.events(asked, oldest_first=True)) == [1, 3]


def test_who_knows_a_patient_finds_the_tokens(tmp_path: Path) -> None:
    privacy = Privacy(tmp_path / "keys", "nord")
    with closing(Lake(tmp_path / "lake").tenant("nord")) as lake:
        clear = batches(
            [record(0, {"n": 0, "PatientID": ["P1", "P2"]}), record(1, {"n": 1, "PatientID": "P3"})], source="hl7"
        )
        lake.commit(lake.stage([privacy.apply(batch) for batch in clear]), {})
    with closing(Search(tmp_path / "lake", NORD, tokens=privacy.tokens)) as search:
        assert numbers(search.events(Asked(parse("patient:P1")))) == [0]
        assert numbers(search.events(Asked(parse("PatientID:P3")))) == [1]
        assert numbers(search.events(Asked(parse("PatientID:p:*")))) == [1, 0]
        assert search.events(Asked(parse("P1"))) == []
        with pytest.raises(InputError, match="without wildcards"):
            search.events(Asked(parse("patient:P*")))
    with closing(Search(tmp_path / "lake", NORD)) as search:  # without the keys
        assert search.events(Asked(parse("patient:P1"))) == []


@pytest.mark.parametrize("query", ["n:[a TO b]", "time:x", "time:>soon", "port:>x"])
def test_what_cannot_be_asked_is_said(query: str, search: Search) -> None:
    with pytest.raises(InputError) as caught:
        search.events(Asked(parse(query)))
    assert caught.value.where == "column 1"


@pytest.mark.parametrize(
    "hostile", ["' OR 1=1 --", "'); DROP TABLE x; --", "$p0", "?", "\\", "%", "_", "\x1f", "$since", "]"]
)
def test_values_and_names_are_never_sql(hostile: str, search: Search) -> None:
    for node in (
        Term("n", Like((hostile,))),
        Term(hostile, Like(("0",))),
        Term(None, Like((hostile + "zz",))),
        Term(None, Like((hostile, ANY, "zz"))),
    ):
        assert search.events(Asked(node)) == []
    assert search.top(Asked(), hostile) == [(None, 6)]


def test_a_search_has_limits(folder: Path) -> None:
    endless = "SELECT count(*) FROM range(1000000000) a, range(1000) b WHERE a.range + b.range = 7"
    hungry = "SELECT list(range) FROM range(100000000)"
    with (
        closing(Search(folder, NORD, Limits("100MB", seconds=0.3))) as search,
        pytest.raises(InputError, match=r"took longer than 0\.3 s"),
    ):
        search._again(lambda: search._rows(endless, {}))
    with closing(Search(folder, NORD, Limits("100MB", seconds=600))) as search:
        with pytest.raises(InputError, match="needs more than 100MB of memory"):
            search._again(lambda: search._rows(hungry, {}))
        assert search.count(Asked()) == 6
