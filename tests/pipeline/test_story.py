"""The story that alerts tell: the same in every order, within its limits, the worst first."""

import random
from dataclasses import replace

import pytest
from tests.reports import telling

from wardwatch.events.alert import Alert
from wardwatch.kernel.severity import Level
from wardwatch.pipeline.story import Beyond, Group, Limits, Reached, Story, playbook_of


def keys(groups: list[Group]) -> list[tuple[str, str, int]]:
    return [(group.host, group.rule_id, group.count) for group in groups]


def test_groups_come_worst_first_and_hosts_are_the_same_in_any_case():
    groups = telling.told(*telling.alerts()).groups(telling.RULES)
    assert keys(groups) == [
        ("SRV-PACS01", "r-shadow", 2),
        ("SRV-PACS01", "r-dump", 1),
        ("RX-WS-14", "r-dump", 1),
        ("", "r-foreign", 1),
    ]
    first = groups[0]
    assert (first.first_at, first.last_at, first.users) == (
        telling.at("02:11:04"),
        telling.at("02:14:07"),
        ("adm.legrand",),
    )
    assert [sample.id[-1] for sample in first.samples] == ["4", "3"]
    assert (first.title.fr, first.tactics, first.techniques) == (
        "Clichés instantanés supprimés",
        ("impact",),
        ("T1490",),
    )


def test_hosts_tell_their_course_in_order_of_time():
    hosts = telling.told(*telling.alerts()).hosts()
    assert [(host.host, host.level, host.count) for host in hosts] == [
        ("SRV-PACS01", Level.CRITICAL, 3),
        ("RX-WS-14", Level.HIGH, 1),
        ("", Level.MEDIUM, 1),
    ]
    assert hosts[0].tactics == (
        Reached("credential-access", telling.at("02:01:00"), 1),
        Reached("impact", telling.at("02:11:04"), 2),
    )
    assert hosts[0].worst_at == telling.at("02:14:07")
    assert hosts[0].levels == {Level.CRITICAL: 2, Level.HIGH: 1}


def test_of_two_hosts_of_one_level_the_one_with_more_tactics_comes_first():
    story = telling.told(
        telling.alert(1, "r-dump", "01:00:00", "early"),
        telling.alert(2, "r-dump", "02:00:00", "broad"),
        replace(telling.alert(3, "r-dump", "02:00:00", "broad"), tags=("attack.discovery",)),
    )
    assert [host.host for host in story.hosts()] == ["broad", "early"]


def test_tactics_of_one_moment_are_in_the_order_of_an_attack():
    one = replace(telling.alert(1, "r-dump", "01:00:00", "a"), tags=("attack.impact", "attack.execution", "attack.zzz"))
    assert [reached.tactic for reached in telling.told(one).hosts()[0].tactics] == ["execution", "impact", "zzz"]


def test_the_order_of_alerts_does_not_matter():
    many = [
        telling.alert(n, rule, f"0{n % 7}:{n % 60:02}:00", f"host{n % 5}", f"user{n % 23}")
        for n, rule in enumerate(["r-dump", "r-shadow", "r-foreign"] * 40)
    ]
    expected = telling.told(*many)
    for seed in range(3):
        random.Random(seed).shuffle(many)
        story = telling.told(*many)
        assert story.groups(telling.RULES) == expected.groups(telling.RULES)
        assert story.hosts() == expected.hosts()
        assert story.totals(telling.RULES) == expected.totals(telling.RULES)
        assert story.steps(telling.RULES) == expected.steps(telling.RULES)


def test_steps_are_one_for_each_playbook_of_the_worst():
    steps = telling.told(*telling.alerts()).steps(telling.RULES)
    assert [(step.playbook, step.rule_id, step.hosts) for step in steps] == [
        ("backup-sabotage", "r-shadow", ("SRV-PACS01",)),
        ("credential-theft", "r-dump", ("SRV-PACS01", "RX-WS-14")),
    ]
    assert steps[0].explanation.en == "Ransomware does this before it encrypts."


def test_where_nothing_is_urgent_the_worst_there_is_asks_for_steps():
    steps = telling.told(telling.alerts()[4]).steps(telling.RULES)
    assert [(step.playbook, step.derived, step.rule_id, step.explanation.en) for step in steps] == [
        ("malware-on-computer", True, "r-foreign", "Written in English only."),
    ]
    assert Story().steps(telling.RULES) == []


def test_steps_of_rules_that_name_a_playbook_come_first():
    def unknown(number: int, rule: str, *tags: str) -> Alert:
        return replace(telling.alert(number, "r-shadow", "01:00:00", f"h{number}"), rule_id=rule, tags=tags)

    story = telling.told(
        unknown(1, "plain"),
        unknown(2, "derived", "attack.exfiltration"),
        unknown(3, "derived too", "attack.collection"),
        unknown(4, "stolen", "attack.credential-access"),
        telling.alert(5, "r-dump", "05:00:00", "ward"),
    )
    steps = story.steps(telling.RULES, limit=9)
    assert [(step.playbook, step.derived, step.rule_id, step.hosts) for step in steps] == [
        ("credential-theft", False, "r-dump", ("h4", "ward")),
        ("data-exfiltration", True, "derived", ("h2", "h3")),
        (None, False, "plain", ("h1",)),
    ]


@pytest.mark.parametrize(
    ("tags", "slug"),
    [
        (("attack.impact", "attack.t1490"), "backup-sabotage"),
        (("attack.impact", "attack.t1486"), "ransomware-on-file-share"),
        (("attack.impact",), "malware-on-computer"),
        (("attack.execution", "attack.credential-access", "attack.t1003.001"), "credential-theft"),
        (("attack.initial-access", "attack.t1078.004"), "account-compromise"),
        (("attack.impair-process-control",), "medical-network-intrusion"),
        (("attack.reconnaissance",), None),
        ((), None),
    ],
)
def test_a_playbook_follows_from_attack(tags: tuple[str, ...], slug: str | None):
    assert playbook_of(tags) == slug


def test_a_rule_that_is_not_there_is_told_by_its_alert():
    story = telling.told(telling.alerts()[0])
    assert [group.title.en for group in story.groups({})] == ["Memory of LSASS read"]
    assert [step.explanation.en for step in story.steps({})] == [""]


def test_a_flood_of_small_alerts_does_not_hide_a_great_one():
    story = Story(Limits(groups=3, hosts=3))
    for number in range(50):
        story.add(telling.alert(number, "r-foreign", "01:00:00", f"noise{number}"))
    story.add(telling.alert(99, "r-shadow", "02:00:00", "SRV-PACS01"))
    worst = story.hosts()[0]
    assert (worst.host, worst.level) == ("SRV-PACS01", Level.CRITICAL)
    assert keys(story.groups({}))[0] == ("SRV-PACS01", "r-shadow", 1)
    assert (len(story.hosts()), len(story.groups({}))) == (3, 3)
    assert story.beyond == Beyond(groups=48, hosts=48, rules=0)
    assert story.count == 51


def test_what_is_kept_and_what_is_beyond_are_everything():
    story = Story(Limits(groups=5, hosts=2, rules=2))
    chooser = random.Random(7)
    for number in range(300):
        rule = chooser.choice(["r-dump", "r-shadow", "r-foreign"])
        story.add(telling.alert(number, rule, "01:00:00", f"h{chooser.randrange(9)}"))
    beyond = story.beyond
    assert sum(group.count for group in story.groups({})) + beyond.groups == 300
    assert sum(host.count for host in story.hosts()) + beyond.hosts == 300
    assert sum(total.count for total in story.totals({})) + beyond.rules == 300


def test_samples_users_and_values_are_bounded():
    story = Story(Limits(samples=2, users=3, fields=2, characters=10))
    for number in range(20):
        story.add(telling.alert(number, "r-dump", "01:00:00", "a", f"u{number:02}", x="y" * 99, y=["z" * 99] * 99, z=1))
    group = story.groups({})[0]
    assert (group.count, group.users, group.more_users) == (20, ("u00", "u01", "u02"), True)
    assert [dict(sample.fields) for sample in group.samples] == [{"x": "y" * 10 + "…", "y": ("z" * 10,) * 20}] * 2


def test_an_empty_story_has_nothing():
    story = Story()
    assert (story.level, story.count, story.hosts(), story.groups({}), story.beyond) == (None, 0, [], [], Beyond())
