import pytest

from wardwatch.catalogue.files import ContentFile
from wardwatch.events.logsource import LogSource
from wardwatch.pipeline import ruleset
from wardwatch.pipeline.ruleset import RuleSet
from wardwatch.pipeline.states import states

RULES = b"""
title: A
id: 00000000-0000-0000-0000-000000000001
logsource: {product: windows}
detection: {selection: {F: 1, G: 2}, condition: selection}
---
title: B
id: 00000000-0000-0000-0000-000000000002
logsource: {product: windows}
detection: {selection: {F|re: '(?=x)'}, condition: selection}
---
title: C
id: 00000000-0000-0000-0000-000000000003
logsource: {product: linux}
detection: {keywords: [x], condition: keywords}
---
title: D
id: 00000000-0000-0000-0000-000000000004
correlation: {type: event_count, rules: [00000000-0000-0000-0000-000000000001], timespan: 1m, condition: {gte: 2}}
---
title: E
id: 00000000-0000-0000-0000-000000000005
correlation: {type: event_count, rules: [nosuch], timespan: 1m, condition: {gte: 2}}
"""
SET = ruleset.of_files([ContentFile("rules.yml", RULES)], {})


def found(seen: dict[LogSource, set[str]] | None, rules: RuleSet = SET) -> dict[str, tuple[str, str]]:
    return {one.rule.title.en: (one.state.value, one.reason) for one in states(rules, seen)}


def test_what_is_known_from_loading() -> None:
    words = {title: state for title, (state, _) in found(None).items()}
    assert words == {"A": "active", "B": "unsupported", "C": "active", "D": "active", "E": "unsupported"}
    assert "regular expression that cannot run in linear time: invalid perl operator" in found(None)["B"][1]
    assert found(None)["E"][1] != ""


def test_what_events_tell() -> None:
    windows, linux = LogSource("windows", "x", "y"), LogSource("linux")
    assert found({})["A"] == ("log source never seen", "no events of windows/*/*")
    assert found({windows: {"H"}})["A"] == ("fields never seen", "never seen: F, G")
    assert found({windows: {"H", "F"}})["A"] == ("active", "never seen: G")
    assert found({windows: {"F"}, LogSource("windows"): {"G"}})["A"] == ("active", "")
    assert found({linux: set()})["C"] == ("active", "")
    assert found({windows: {"F"}})["C"][0] == "log source never seen"
    assert found({windows: {"F"}})["D"] == ("active", "")
    assert found({})["D"] == ("log source never seen", "cannot fire: A (log source never seen)")
    assert found({windows: {"H"}})["D"] == ("fields never seen", "cannot fire: A (fields never seen)")


BASES = """
title: W
name: w
id: 00000000-0000-0000-0000-000000000001
logsource: {product: windows}
detection: {selection: {F: 1}, condition: selection}
---
title: L
name: l
id: 00000000-0000-0000-0000-000000000002
logsource: {product: linux}
detection: {selection: {F: 1}, condition: selection}
---
title: C
name: c
id: 00000000-0000-0000-0000-000000000003
correlation: CORRELATION
---
title: Above
id: 00000000-0000-0000-0000-000000000004
correlation: {type: event_count, rules: [c], timespan: 1m, condition: {gte: 2}}
"""
LINUX_SILENT = "cannot fire: L (log source never seen)"


@pytest.mark.parametrize(
    ("correlation", "state"),
    [
        ("{type: event_count, rules: [w, l], timespan: 1m, condition: {gte: 2}}", "active"),
        ("{type: value_count, rules: [w, l], timespan: 1m, condition: {field: F, gte: 2}}", "active"),
        ("{type: event_count, rules: [l], timespan: 1m, condition: {lt: 2}}", "log source never seen"),
        ("{type: temporal, rules: [w, l], timespan: 1m}", "log source never seen"),
        ("{type: temporal_ordered, rules: [w, l], timespan: 1m}", "log source never seen"),
        ("{type: temporal_ordered, rules: [w, w, l], timespan: 1m}", "log source never seen"),
        ("{type: temporal, rules: [w, l], timespan: 1m, condition: {gte: 1}}", "active"),
        ("{type: temporal, rules: [w, l], timespan: 1m, condition: {lt: 2}}", "active"),
        ("{type: temporal, rules: [w, l], timespan: 1m, condition: {gt: 1}}", "log source never seen"),
        ("{type: temporal, timespan: 1m, condition: w and l}", "log source never seen"),
        ("{type: temporal, timespan: 1m, condition: w or l}", "active"),
        ("{type: temporal, timespan: 1m, condition: w and not l}", "active"),
        ("{type: temporal, timespan: 1m, condition: l and not w}", "log source never seen"),
        ("{type: temporal, timespan: 1m, condition: not (w or not l)}", "log source never seen"),
        ("{type: temporal, timespan: 1m, condition: w and not (l and w)}", "active"),
    ],
)
def test_a_correlation_is_active_if_it_can_fire(correlation: str, state: str) -> None:
    rules = ruleset.of_files([ContentFile("rules.yml", BASES.replace("CORRELATION", correlation).encode())], {})
    assert {state for state, _ in found(None, rules).values()} == {"active"}
    told = found({LogSource("windows"): {"F"}}, rules)
    assert told["C"] == (state, LINUX_SILENT)
    assert told["Above"] == (state, "" if state == "active" else f"cannot fire: C ({state})")
    both = found({LogSource("windows"): {"F"}, LogSource("linux"): {"F"}}, rules)
    assert set(both.values()) == {("active", "")}
