"""Each type of correlation on sightings written by hand, with the whole alert expected."""

from typing import Any

import pytest
from tests.conformance.correlation_reference import CorrelationReference
from tests.correlation.correlating import (
    BASES,
    LATER,
    SECOND,
    compiled,
    documents,
    event_id,
    outcome,
    sighting,
)

from wardwatch.correlation.correlator import Correlator
from wardwatch.correlation.sighting import Sighting
from wardwatch.events.alert import Alert
from wardwatch.kernel.ids import correlation_alert_id
from wardwatch.kernel.severity import Level

RULE_ID = "0e95725d-7320-415d-80f7-004da920fc11"


def rule(correlation: str) -> list[dict[str, Any]]:
    """One rule named `many` with a correlation given as YAML flow content."""
    return documents(
        f"title: Many\nname: many\nid: {RULE_ID}\nlevel: high\ntags: [attack.t1110]\ncorrelation: {{{correlation}, generate: true}}"
    )


def alerts(correlation: str, *sightings: Sighting) -> list[Alert]:
    rules = rule(correlation)
    found = Correlator(compiled(rules)).feed(sightings, LATER)
    assert {alert.id: outcome(alert) for alert in found} == CorrelationReference(rules, BASES).outcomes(sightings)
    return found


def told(found: list[Alert]) -> list[tuple[float, float, int, Any]]:
    """(begin, end, events, value) of each alert, in seconds."""
    return [
        (alert.occurred_at / SECOND, alert.last_at / SECOND, alert.count, list(alert.fields.values())[-1])
        for alert in found
    ]


def test_event_count_tells_all_of_the_episode():
    found = alerts(
        "type: event_count, rules: [a], group-by: [user], timespan: 10s, condition: {gte: 3}",
        *(sighting("a", at, at, user="ann", host=f"h{at // 5}") for at in (0, 11, 13, 15, 20, 40)),
        sighting("a", 14, 14, user="bob"),
    )
    assert found == [
        Alert(
            id=correlation_alert_id("t", RULE_ID, ("ann",), event_id(11)).hex(),
            tenant="t",
            kind="correlation",
            rule_id=RULE_ID,
            rule_title="Many",
            level=Level.HIGH,
            occurred_at=11 * SECOND,
            last_at=20 * SECOND,
            tags=("attack.t1110",),
            host=None,
            user="ann",
            source="s",
            file="file-11",
            record_id="11",
            event_ids=tuple(event_id(number).hex() for number in (11, 13, 15, 20)),
            count=4,
            group={"user": "ann"},
            fields={"user": "ann", "event_count": 4},
        )
    ]


def test_the_window_leaves_out_its_oldest_moment():
    rule_of = "type: event_count, rules: a, timespan: 10s, condition: {gte: 2}"
    assert told(alerts(rule_of, sighting("a", 0, 0), sighting("a", 10, 1))) == []
    assert told(alerts(rule_of, sighting("a", 0, 0), sighting("a", 9.999999, 1))) == [(0, 9.999999, 2, 2)]


def test_windows_a_timespan_apart_are_two_episodes():
    rule_of = "type: event_count, rules: a, timespan: 10s, condition: {gte: 2}"
    pairs = [sighting("a", at, int(at)) for at in (0, 1, 10, 11, 21, 22)]
    assert told(alerts(rule_of, *pairs)) == [(0, 11, 4, 2), (21, 22, 2, 2)]


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("gt: 2", [(1, 3, 3, 3)]),
        ("gte: 3", [(1, 3, 3, 3)]),
        ("eq: 2", [(1, 2, 2, 2)]),
        ("neq: 2", [(1, 3, 3, 3), (30, 30, 1, 1)]),
        ("lt: 2", [(1, 1, 1, 1), (30, 30, 1, 1)]),
        ("lte: 2", [(1, 2, 2, 2), (30, 30, 1, 1)]),
    ],
)
def test_every_operator(condition: str, expected: list[Any]):
    found = alerts(
        f"type: event_count, rules: a, timespan: 10s, condition: {{{condition}}}",
        *(sighting("a", at, at) for at in (1, 2, 3, 30)),
    )
    assert told(found) == expected


def test_value_count_counts_different_values_that_are_there():
    found = alerts(
        "type: value_count, rules: [a], group-by: [host], timespan: 1m, condition: {field: user, gte: 3}",
        sighting("a", 1, 1, host="h", user="u1"),
        sighting("a", 2, 2, host="h", user="u2"),
        sighting("a", 3, 3, host="h", user="u2"),
        sighting("a", 4, 4, host="h", user=None),
        sighting("a", 5, 5, host="h", user="U2"),
        sighting("a", 6, 6, host="other", user="u4"),
    )
    assert told(found) == [(1, 5, 4, 3)]
    assert [alert.fields for alert in found] == [{"host": "h", "user": "u1", "value_count": 3}]


def test_temporal_wants_all_rules_in_any_order():
    rule_of = "type: temporal, rules: [a, b, c], timespan: 10s, group-by: [host]"
    three = [sighting("c", 1, 1, host="h"), sighting("a", 5, 2, host="h"), sighting("b", 10, 3, host="h")]
    assert told(alerts(rule_of, *three)) == [(1, 10, 3, 3)]
    assert told(alerts(rule_of, *three[:2], sighting("b", 11, 3, host="h"))) == []
    assert told(alerts(rule_of, *three[:2], sighting("b", 10, 3, host="g"))) == []


def test_one_event_may_be_seen_by_several_rules():
    rule_of = "type: temporal, rules: [a, b], timespan: 10s"
    assert told(alerts(rule_of, sighting("a", 1, 1), sighting("b", 1, 1))) == [(1, 1, 1, 2)]


def test_temporal_ordered_wants_the_order_of_the_list():
    rule_of = "type: temporal_ordered, rules: [a, b, a], timespan: 10s"
    assert told(alerts(rule_of, sighting("a", 1, 1), sighting("b", 2, 2), sighting("a", 3, 3))) == [(1, 3, 3, 3)]
    assert told(alerts(rule_of, sighting("b", 1, 1), sighting("a", 2, 2), sighting("a", 3, 3))) == []
    assert told(alerts(rule_of, sighting("a", 1, 1), sighting("b", 2, 2), sighting("a", 11, 3))) == []
    # One event is one step, even if it is seen by two rules.
    assert told(alerts(rule_of, sighting("a", 1, 1), sighting("b", 2, 2), sighting("a", 2, 2))) == []


def test_extended_conditions():
    rule_of = "type: temporal, timespan: 10s, condition: '(a or b) and not c'"
    found = alerts(rule_of, sighting("b", 1, 1), sighting("c", 2, 2), sighting("a", 12, 3), sighting("a", 13, 4))
    assert told(found) == [(1, 1, 1, 1), (12, 13, 2, 1)]


def test_a_temporal_condition_can_ask_for_some_of_the_rules():
    rule_of = "type: temporal, rules: [a, b, c], timespan: 10s, condition: {gte: 2}"
    assert told(alerts(rule_of, sighting("c", 1, 1), sighting("c", 2, 2), sighting("a", 3, 3))) == [(1, 3, 3, 2)]


def numbers(*values: str | None) -> list[Any]:
    return [sighting("a", at, at, n=value) for at, value in enumerate(values)]


def test_value_sum_is_exact():
    rule_of = "type: value_sum, rules: a, timespan: 1h, condition: {field: n, gte: 0.3}"
    assert told(alerts(rule_of, *numbers("0.1", "x", None, "0.2", "1e9"))) == [(0, 3, 2, 0.3)]
    assert told(alerts(rule_of, *numbers("0.1", "0.1", "0.09"))) == []


def test_value_avg():
    rule_of = "type: value_avg, rules: a, timespan: 1h, condition: {field: n, gt: 2}"
    assert told(alerts(rule_of, *numbers("1", "2", "4"))) == [(0, 2, 3, 7 / 3)]
    assert told(alerts(rule_of, *numbers("2", "2"))) == []


@pytest.mark.parametrize(("percentile", "value"), [(0, 10), (10, 10), (11, 20), (50, 50), (95, 100), (100, 100)])
def test_value_percentile_is_the_nearest_rank(percentile: int, value: int):
    rule_of = (
        f"type: value_percentile, rules: a, timespan: 1h, condition: {{field: n, gte: 0, percentile: {percentile}}}"
    )
    found = alerts(rule_of, *numbers(*(str(10 * number) for number in (3, 1, 2, 10, 9, 8, 7, 6, 5, 4))))
    assert told(found) == [(0, 9, 10, value)]


def test_value_median():
    rule_of = "type: value_median, rules: a, timespan: 1h, condition: {field: n, lt: 2}"
    assert told(alerts(rule_of, *numbers("5", "-2"))) == [(0, 1, 2, 1.5)]


def test_aliases_name_a_field_for_each_rule():
    found = alerts(
        "type: temporal, rules: [a, b], timespan: 10s, group-by: [who], aliases: {who: {a: user, b: host}}",
        sighting("a", 1, 1, user="x", host="q"),
        sighting("b", 2, 2, user="q", host="x"),
    )
    assert [(alert.group, alert.fields) for alert in found] == [({"who": "x"}, {"user": "x", "temporal": 2})]


def test_an_absent_group_is_not_the_empty_one():
    found = alerts(
        "type: event_count, rules: a, timespan: 10s, group-by: [user], condition: {gte: 2}",
        *(sighting("a", at, at, user=user) for at, user in enumerate([None, "", None, ""])),
        sighting("a", 5, 5),
    )
    assert sorted((str(alert.group["user"]), alert.count) for alert in found) == [("", 2), ("None", 3)]


def test_tenants_do_not_meet():
    found = alerts(
        "type: event_count, rules: a, timespan: 10s, condition: {gte: 2}",
        sighting("a", 1, 1, tenant="north"),
        sighting("a", 2, 2, tenant="south"),
        sighting("a", 3, 3, tenant="south"),
    )
    assert [(alert.tenant, alert.count) for alert in found] == [("south", 2)]


CHAIN = """
title: Guessing
name: guessing
correlation: {type: event_count, rules: [a], group-by: [user], timespan: 10s, condition: {gte: 3}}
---
title: Guessed
name: guessed
level: critical
correlation: {type: temporal_ordered, rules: [guessing, b], group-by: [user], timespan: 1m}
"""


def test_a_correlation_of_a_correlation():
    rules = documents(CHAIN)
    seen = [*(sighting("a", at, at, user="u") for at in (1, 2, 3)), sighting("b", 9, 9, user="u")]
    ready = compiled(rules)
    found = Correlator(ready).feed(seen, LATER)
    inner = correlation_alert_id("t", "guessing", ("u",), event_id(1))
    assert ready.silenced == {"rule-a", "rule-b", "guessing"}
    assert [(alert.id, alert.level, alert.event_ids, *told([alert])) for alert in found] == [
        (
            correlation_alert_id("t", "guessed", ("u",), inner).hex(),
            Level.CRITICAL,
            (inner.hex(), event_id(9).hex()),
            (3, 9, 2, 2),
        )
    ]


def test_a_superseded_inner_alert_counts_once_and_what_it_carried_is_withdrawn():
    rules = documents(CHAIN)
    correlator = Correlator(compiled(rules))
    (first,) = correlator.feed(
        [*(sighting("a", at, at, user="u") for at in (1, 2, 3)), sighting("b", 9, 9, user="u")], LATER
    )
    (second,) = correlator.feed([sighting("a", 0, 100, user="u")], LATER)
    assert (second.supersedes, second.revision, second.count) == (first.id, 1, 2)
    # The guessing goes on until after the sighting of b: what was said is taken back.
    (third,) = correlator.feed([sighting("a", 10, 10, user="u")], LATER)
    assert (third.id, third.supersedes, third.revision) == (second.id, second.id, 2)
