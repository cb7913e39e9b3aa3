"""What a set of correlations listens to, needs and silences; and that a bad one stops no other."""

from tests.correlation.correlating import compiled, documents

GOOD = "title: Good\nname: good\ncorrelation: {type: event_count, rules: a, timespan: 1m, group-by: [host], condition: {gte: 1}}"


def reasons(*texts: str) -> dict[str, str]:
    """Title → reason of the rules that cannot run, beside one that can."""
    ready = compiled(documents("\n---\n".join([GOOD, *texts])))
    assert "good" in [rule.id for rule in ready.rules]
    return {error.where.split(" (")[0]: error.what for error in ready.errors.values()}


def correlation(title: str, content: str) -> str:
    return f"title: {title}\nname: {title.lower()}\ncorrelation: {{{content}}}"


def test_needs_and_listeners():
    ready = compiled(
        documents(
            GOOD
            + "\n---\n"
            + correlation(
                "Alias",
                "type: value_count, rules: [a, b], timespan: 1m, group-by: [who], aliases: {who: {a: x, b: y}}, condition: {field: z, gte: 2}, generate: true",
            )
            + "\n---\n"
            + correlation("Outer", "type: temporal, rules: [good, c], timespan: 1m, generate: true")
        )
    )
    assert dict(ready.needs) == {
        "rule-a": frozenset({"host", "x", "z"}),
        "rule-b": frozenset({"y", "z"}),
        "rule-c": frozenset(),
    }
    assert {rule: [index for index, _ in found] for rule, found in ready.listeners.items()} == {
        "rule-a": [0, 1],
        "rule-b": [1],
        "good": [2],
        "rule-c": [2],
    }
    assert ready.silenced == {"rule-a"}
    assert [rule.lag for rule in ready.rules] == [0, 0, 60_000_000]
    assert ready.errors == {}


def test_inner_rules_come_first_whatever_the_order():
    ready = compiled(
        documents(correlation("Outer", "type: temporal, rules: [good, b], timespan: 1m") + "\n---\n" + GOOD)
    )
    assert [rule.id for rule in ready.rules] == ["good", "outer"]


def test_missing_rules_and_cycles():
    assert reasons(
        correlation("Missing", "type: temporal, rules: [a, nosuch], timespan: 1m"),
        correlation("Above", "type: temporal, rules: [a, missing], timespan: 1m"),
        correlation("Self", "type: temporal, rules: [a, self], timespan: 1m"),
        correlation("One", "type: temporal, rules: [a, two], timespan: 1m"),
        correlation("Two", "type: temporal, rules: [a, one], timespan: 1m"),
    ) == {
        "Missing": "refers to the rule 'nosuch', which is not there",
        "Above": "refers to the correlation 'missing', which cannot run: refers to the rule 'nosuch', which is not there",
        "Self": "refers to itself by way of 'self'",
        "Two": "refers to itself by way of 'one'",
        "One": "refers to the correlation 'two', which cannot run: refers to itself by way of 'one'",
    }


def test_what_cannot_run():
    found = reasons(
        correlation("Order", "type: temporal_ordered, timespan: 1m, condition: a or b"),
        correlation("Fewer", "type: temporal_ordered, rules: [a, b], timespan: 1m, condition: {gte: 1}"),
        correlation("Percent", "type: value_percentile, rules: a, timespan: 1m, condition: {field: n, gte: 1}"),
        correlation(
            "Over",
            "type: value_percentile, rules: a, timespan: 1m, condition: {field: n, gte: 1, percentile: 101}",
        ),
        correlation("Fields", "type: value_sum, rules: a, timespan: 1m, condition: {field: [n, m], gte: 1}"),
        correlation("Alias", "type: temporal, rules: [a, b], timespan: 1m, group-by: [w], aliases: {w: {a: x}}"),
        correlation("Huge", "type: event_count, rules: a, timespan: 1m, condition: {gte: 1000001}"),
        correlation("Long", "type: event_count, rules: a, timespan: 2y, condition: {gte: 1}"),
        correlation("Empty", "type: event_count, rules: [], timespan: 1m, condition: {gte: 1}"),
    )
    assert found == {
        "Order": "the order of rules under `or` and `not` is not defined",
        "Fewer": "an ordered correlation needs all its rules; a count of fewer has no order",
        "Percent": "value_percentile needs a percentile from 0 to 100",
        "Over": "value_percentile needs a percentile from 0 to 100",
        "Fields": "value_sum needs exactly one field",
        "Alias": "the alias 'w' names no field for the rule 'rule-b'",
        "Huge": "a count above 1000000 cannot be kept in memory",
        "Long": "a timespan of 2y is longer than a year",
        "Empty": "0 rules; 1 to 100 can be correlated",
    }


def test_a_rule_that_did_not_parse_is_reported():
    found = reasons(correlation("Zero", "type: event_count, rules: a, timespan: 0m, condition: {gte: 1}"))
    assert found == {"Zero": "not a valid correlation: Timespan '0m' must be greater than zero."}


def test_an_ordered_conjunction_is_a_list():
    ready = compiled(documents(correlation("Order", "type: temporal_ordered, timespan: 1m, condition: b and a")))
    assert [(ref.rule, ref.mask) for ref in ready.rules[0].refs] == [("rule-b", 1), ("rule-a", 2)]


UUID = "0e95725d-7320-415d-80f7-004da920fc11"
INNER = "type: temporal, rules: [a, b], timespan: 1m"


def test_ids_are_those_of_the_caller():
    without_id = f"title: Plain\ncorrelation: {{{INNER}}}"
    upper = f"title: Upper\nid: {UUID.upper()}\ncorrelation: {{{INNER}}}"
    outer = correlation("Outer", f"type: temporal, rules: [{UUID}, 1{UUID[1:]}], timespan: 1m")
    ready = compiled(
        documents(f"{without_id}\n---\n{upper}\n---\n{outer}"),
        {"a": "rule-a", "b": "rule-b", f"1{UUID[1:].upper()}": f"1{UUID[1:].upper()}"},
    )
    assert [rule.id for rule in ready.rules] == ["a.yml#Plain", UUID.upper(), "outer"]
    assert [ref.rule for ref in ready.rules[2].refs] == [UUID.upper(), f"1{UUID[1:].upper()}"]


def test_errors_are_found_by_exact_ids():
    bad = "type: temporal, rules: [nosuch], timespan: 1m"
    ready = compiled(documents(correlation("Bad", bad) + f"\n---\ntitle: Other\ncorrelation: {{{bad}}}"))
    assert sorted(ready.errors) == ["a.yml#Other", "bad"]
