"""A search saved as a Sigma rule fires on what the search finds, and on nothing else."""

from collections.abc import Iterator
from contextlib import closing

import pytest
import yaml
from hypothesis import given
from sigma.rule import SigmaRule
from tests.pipeline.lake.events import SECOND, batches, record
from tests.pipeline.search.test_searching import EVENTS, NORD, QUERIES

from wardwatch.events.logsource import LogSource
from wardwatch.kernel.errors import InputError
from wardwatch.pipeline.lake import Lake
from wardwatch.pipeline.search.proving import fires
from wardwatch.pipeline.search.query import parse
from wardwatch.pipeline.search.saving import Named, rule
from wardwatch.pipeline.search.searching import Asked, Search

NAMED = Named("Odd shells", "high", "ida", "2026-11-23")
LINUX = [("linux", None, None)]


@pytest.fixture(scope="module")
def search(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Search]:
    folder = tmp_path_factory.mktemp("lake")
    with closing(Lake(folder).tenant("nord")) as lake:
        records = [record(n, fields, n * SECOND, LogSource("linux"), None) for n, fields in enumerate(EVENTS)]
        for one in records:
            one.user = None
        lake.commit(lake.stage(batches(records)), {})
    with closing(Search(folder, NORD)) as found:
        yield found


@given(query=QUERIES)
def test_the_rule_fires_on_what_the_search_finds(query: str, search: Search) -> None:
    node = parse(query)
    saved = rule(node, NAMED, LINUX)
    SigmaRule.from_yaml(saved)
    everything = search.events(Asked(), oldest_first=True)
    found = {event.event_id for event in search.events(Asked(node))}
    fired = {event.event_id for event, does in zip(everything, fires(saved, everything), strict=True) if does}
    assert fired == found


@pytest.mark.parametrize(
    "query",
    [
        r"Image:*\\cmd.exe", r"Image:C:\Windows\System32\cmd.exe", r"other.name:a\*b", r'Message:"say \"hi\" \\ done"',
        "UserID:evil", "ip:10.4.0.0/16", "ip:fe80::/10", "DestinationPort:>=443", "port:[1 TO 99.5]", 'Empty:""', "Path:* OR n:4",
        "whoami", '"cmd /c"', "who?mi", "école", "NOT (EventID:1 OR EventID:3)", "EventID:(1 OR 3) NOT whoami",
    ],
)  # fmt: skip
def test_what_people_ask_makes_the_same_rule(query: str, search: Search) -> None:
    node = parse(query)
    found = search.events(Asked(node))
    everything = search.events(Asked())
    fired = fires(rule(node, NAMED, LINUX), everything)
    assert found != []
    assert [event for event, does in zip(everything, fired, strict=True) if does] == found


def test_the_rule_is_plain_sigma() -> None:
    saved = rule(
        parse(r"product:windows category:process_creation Image:*\\cmd.exe time:>2026-11-23 source:evtx"), NAMED
    )
    stated = yaml.safe_load(saved)
    assert stated.pop("id")
    assert stated == {
        "title": "Odd shells", "status": "experimental", "description": "Saved search: Odd shells", "author": "ida",
        "date": "2026-11-23", "logsource": {"product": "windows", "category": "process_creation"},
        "detection": {"selection_1": {"Image": "*\\cmd.exe"}, "condition": "selection_1"},
        "falsepositives": ["Unknown"], "level": "high",
    }  # fmt: skip
    assert rule(parse("a:1"), NAMED, LINUX) == rule(parse("a:1"), NAMED, LINUX)


def test_the_log_source_is_that_of_what_was_found() -> None:
    found = [("windows", "process_creation", "sysmon"), ("windows", "file_event", "sysmon")]
    assert yaml.safe_load(rule(parse("a:1"), NAMED, found))["logsource"] == {"product": "windows", "service": "sysmon"}


@pytest.mark.parametrize(
    ("query", "what"),
    [
        ("", "fires on everything"),
        ("product:linux", "fires on everything"),
        ("host:pc1 a:1", "is of the envelope"),
        ("a:1 OR product:linux", "must be joined by AND"),
        ("a:1 OR time:>2026-11-23", "must be joined by AND"),
        ("product:w* a:1", "needs a plain word"),
    ],
)
def test_what_no_rule_can_say_is_refused(query: str, what: str) -> None:
    with pytest.raises(InputError, match=what):
        rule(parse(query), NAMED, LINUX)


def test_a_rule_needs_a_log_source_a_title_and_a_level() -> None:
    with pytest.raises(InputError, match="needs a log source"):
        rule(parse("a:1"), NAMED, [("linux", None, None), ("windows", None, None)])
    with pytest.raises(InputError, match="needs a log source"):
        rule(parse("a:1"), NAMED, [])
    with pytest.raises(InputError, match="no level"):
        rule(parse("a:1"), Named("x", "hihg"), LINUX)
    with pytest.raises(InputError, match="has a title"):
        rule(parse("a:1"), Named(" "), LINUX)
