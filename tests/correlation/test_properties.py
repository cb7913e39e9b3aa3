"""Whatever the order, the split, the doubles and the restarts: what remains is what the reference finds."""

import random
from collections.abc import Callable
from typing import Any

from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st
from tests.conformance.correlation_reference import CorrelationReference
from tests.correlation.correlating import BASES, LATER, SECOND, Store, compiled, sighting

from wardwatch.correlation.correlator import Correlator, Limits
from wardwatch.correlation.sighting import Sighting

Draw = Callable[[st.SearchStrategy[Any]], Any]
OPERATORS = ("gte", "gte", "gt", "eq", "lt", "lte", "neq")
FIELDS = ("host", "user", "n")
ORDERED = ("temporal", "temporal_ordered")
METRIC = ("value_sum", "value_avg", "value_percentile", "value_median")


@st.composite
def conditions(draw: Draw, kind: str, rules: list[str]) -> object:
    if kind in ORDERED:
        if kind == "temporal" and draw(st.booleans()):
            joined = st.sampled_from(["{} and {}", "{} or {}", "{} and not {}", "not ({} and {})"])
            return draw(joined).format(*rules[:2]) if len(rules) == 2 else " and ".join(rules)
        return None
    condition: dict[str, Any] = {draw(st.sampled_from(OPERATORS)): draw(st.integers(1, 4))}
    if kind == "value_count":
        condition["field"] = draw(st.sampled_from(["host", "n", ["host", "n"]]))
    elif kind in METRIC:
        condition = {draw(st.sampled_from(OPERATORS)): draw(st.sampled_from([-1, 0, 1.5, 3, 7]))}
        condition["field"] = "n"
    if kind == "value_percentile":
        condition["percentile"] = draw(st.sampled_from([0, 25, 50, 95, 100]))
    return condition


@st.composite
def correlations(draw: Draw, name: str, available: list[str]) -> dict[str, Any]:
    kind = draw(st.sampled_from(["event_count", "event_count", "value_count", *ORDERED, *ORDERED, *METRIC]))
    inner = [rule for rule in available if rule not in BASES]
    if kind in METRIC or kind == "value_count":
        available, inner = list(BASES), []
    most = 3 if kind in ORDERED else 2
    rules = draw(st.lists(st.sampled_from(available), min_size=1, max_size=most, unique=kind != "temporal_ordered"))
    correlation: dict[str, Any] = {
        "type": kind,
        "rules": rules,
        "timespan": draw(st.sampled_from(["5s", "10s", "30s"])),
        "generate": True,
    }
    group_by = draw(st.sampled_from([[], ["host"], ["host"], ["who"], ["host", "user"]]))
    if "who" in group_by and not set(rules) & set(inner):
        fields = {rule: draw(st.sampled_from(["host", "user"])) for rule in rules}
        correlation["aliases"] = {"who": fields}
    if group_by:
        correlation["group-by"] = group_by
    if (condition := draw(conditions(kind, list(dict.fromkeys(rules))))) is not None:
        correlation["condition"] = condition
        if isinstance(condition, str):
            correlation["rules"] = [rule for rule in dict.fromkeys(rules) if rule in condition.split()]
            if not correlation["rules"] or "(" in condition:
                del correlation["rules"]
    return {
        "title": name,
        "name": name,
        "id": f"00000000-0000-4000-8000-00000000000{name[-1]}",
        "correlation": correlation,
    }


@st.composite
def rule_sets(draw: Draw) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for index in range(draw(st.integers(1, 3))):
        inner = [rule["name"] for rule in found]
        found.append(draw(correlations(f"k{index}", list(BASES) + inner * 3)))
    return found


@st.composite
def sighting_lists(draw: Draw) -> list[Sighting]:
    found = []
    at = 0.0
    for number in range(draw(st.integers(1, 40))):
        at += draw(st.sampled_from([0, 0, 1, 2, 2.5, 5, 5, 10, 40]))
        for rule in draw(st.sampled_from(["a", "a", "b", "b", "c", "ab", "bc"])):
            values = {
                "host": draw(st.sampled_from(["h1", "h1", "h2", None])),
                "user": draw(st.sampled_from(["u1", "u2"])),
                "n": draw(st.sampled_from(["1", "2", "3.5", "-4", "0", "x", None])),
            }
            # An event has the same host and user in each rule that it matches.
            if found and found[-1].event_id == number.to_bytes(16, "big"):
                values = dict(found[-1].values)
            found.append(sighting(rule, at, number, draw(st.just("t")), **values))
    return found


def delivered(draw: Draw, sightings: list[Sighting], lateness: int | None) -> list[Sighting]:
    """An order of arrival in which nothing is later than allowed, with doubles."""
    shuffle = random.Random(draw(st.integers(0, 2**32)))
    doubled = sightings + [one for one in sightings if shuffle.random() < 0.2]
    if lateness is None:
        shuffle.shuffle(doubled)
        return doubled
    delays = {id(one): shuffle.choice([0, 0, 0.5, 1]) * lateness for one in doubled}
    return sorted(doubled, key=lambda one: (one.occurred_at + delays[id(one)] * shuffle.random(), shuffle.random()))


@settings(max_examples=400, deadline=None, suppress_health_check=list(HealthCheck))
@given(rules=rule_sets(), sightings=sighting_lists(), data=st.data())
def test_any_delivery_ends_where_the_reference_does(rules: list[Any], sightings: list[Sighting], data: st.DataObject):
    ready = compiled(rules)
    assert [str(error) for error in ready.errors.values()] == []
    lateness = data.draw(st.sampled_from([0, 3 * SECOND, 20 * SECOND, None]))
    arriving = delivered(data.draw, sightings, lateness)
    correlator = Correlator(ready, limits=Limits(lateness=lateness))
    store = Store()
    while arriving:
        size = data.draw(st.integers(1, 12))
        batch, arriving = arriving[:size], arriving[size:]
        store.put(correlator.feed(batch, LATER))
        if data.draw(st.integers(0, 3)) == 0:
            saved = correlator.save()
            correlator = Correlator.restore(ready, saved, Limits(lateness=lateness))
            assert correlator.save() == saved
    store.put(correlator.flush())
    expected = CorrelationReference(rules, BASES).outcomes(sightings)
    event(f"{min(len(expected), 3)} alerts or more")
    assert store.outcomes() == expected
    assert correlator.truncated == correlator.evicted == 0


@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
@given(rules=rule_sets(), sightings=sighting_lists())
def test_one_feed_hands_out_each_alert_once(rules: list[Any], sightings: list[Sighting]):
    alerts = Correlator(compiled(rules)).feed(reversed(sightings), LATER)
    assert [(alert.revision, alert.supersedes) for alert in alerts] == [(0, None)] * len(alerts)
    assert len({alert.id for alert in alerts}) == len(alerts)
