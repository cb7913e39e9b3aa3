from wardwatch.catalogue.files import ContentFile
from wardwatch.events.logsource import LogSource
from wardwatch.pipeline import ruleset
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
SET = ruleset.of_files([ContentFile("rules.yml", RULES)], {}).rules


def found(seen: dict[LogSource, set[str]] | None) -> dict[str, tuple[str, str]]:
    return {one.rule.title.en: (one.state.value, one.reason) for one in states(SET, seen)}


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
    assert found({})["D"][0] == "active"
