"""What a group may be told: by name only what was agreed to, in counts only what tells of nobody, and only once."""

import json
from datetime import timedelta

import pytest
from tests import group
from tests.cast import NOW

from wardwatch.assessment import release
from wardwatch.assessment.answers import Answer, Assessment, Kind
from wardwatch.assessment.figures import figures
from wardwatch.assessment.framework import Question, Tier
from wardwatch.assessment.needs import Counted
from wardwatch.kernel.errors import AccessError, InputError
from wardwatch.records.models import AssessmentRow, AuditRow, GrantRow, ParticipationRow, ReleaseRow, UserRow
from wardwatch.usecases import assessment, campaigns, needs

pytestmark = pytest.mark.django_db
HOUSES = [("FR", "large", "hospital")] * 7 + [("BE", "small", "hospital")] * 5 + [("LU", "small", "laboratory")] * 2


def spread(n: int, question: Question) -> int | None:
    return (n + len(question.id)) % 5 if n % 6 else None


def alike(n: int, question: Question) -> int:
    assert question
    return 1 if n < 7 else 4


@pytest.fixture
def begun() -> str:
    group.gather(HOUSES, NOW)
    return group.campaign("2026", ["named"] * 6 + ["counted"] * 7 + ["none"], spread, NOW)


def test_the_coordinator_sees_by_name_only_those_who_agreed(begun: str) -> None:
    found = needs.seen(group.person("coordinator", NOW), begun)
    assert (found.runs, [one.tenant for one in found.rows]) == (True, [f"h-{n:03}" for n in range(6)])
    ParticipationRow.objects.filter(tenant="h-002").update(consent="counted")
    found = needs.seen(group.person("coordinator", NOW, name="other"), begun)
    assert "h-002" not in {one.tenant for one in found.rows}


def test_others_see_their_own_hospital_alone(begun: str) -> None:
    ciso = group.person("ciso", NOW, ["h-009"])
    found = needs.seen(ciso, begun)
    assert (found.runs, [one.tenant for one in found.rows]) == (False, ["h-009"])
    guest = group.person("authority_guest", NOW)
    assert needs.seen(guest, begun).rows == ()
    # A coordinator of some hospitals does not run the campaign of all of them.
    partly = group.person("coordinator", NOW, ["h-000", "h-001"], name="partly")
    assert needs.seen(partly, begun).rows == ()
    with pytest.raises(AccessError):
        needs.publish(partly, begun, (), 0.0, now=NOW)
    outsider = group.person("ward_lead", NOW, ["h-009"])
    with pytest.raises(AccessError):
        needs.seen(outsider, begun)


def test_who_did_not_finish_or_agree_is_not_counted(begun: str) -> None:
    coordinator = group.person("coordinator", NOW)
    made = needs.publish(coordinator, begun, (), 0.0, now=NOW)
    assert (made.answered, made.hospitals) == (13, 13)
    cells = ReleaseRow.objects.get().cells
    assert cells == [[f"h-{n:03}" for n in range(6)], [f"h-{n:03}" for n in range(6, 13)]]
    assert AuditRow.objects.get(action="needs.released").detail == {"by": [], "epsilon": 0.0, "hospitals": 13}


def test_nothing_that_leaves_names_who_is_in_a_part(begun: str) -> None:
    coordinator = group.person("coordinator", NOW)
    needs.publish(coordinator, begun, ("country",), 0.0, now=NOW)
    released = needs.seen(group.person("authority_guest", NOW), begun).released
    assert released is not None
    assert "h-0" not in json.dumps(release.plain(released))


def test_figures_are_released_once_and_not_before_the_end(begun: str) -> None:
    coordinator = group.person("coordinator", NOW)
    campaigns.reopen(coordinator, begun, NOW + timedelta(days=5), NOW)
    with pytest.raises(InputError, match="close the campaign first"):
        needs.publish(coordinator, begun, (), 0.0, now=NOW)
    campaigns.close(coordinator, begun, NOW)
    needs.publish(coordinator, begun, (), 0.0, now=NOW)
    ParticipationRow.objects.filter(tenant="h-013").update(consent="counted")
    with pytest.raises(InputError, match="released before"):
        needs.publish(coordinator, begun, (), 0.0, now=NOW)
    with pytest.raises(InputError, match="stays closed"):
        campaigns.reopen(coordinator, begun, NOW + timedelta(days=5), NOW)


def test_another_campaign_soon_after_cannot_be_subtracted(begun: str) -> None:
    coordinator = group.person("coordinator", NOW)
    needs.publish(coordinator, begun, (), 0.0, now=NOW)
    soon = NOW + timedelta(days=30)
    one_more = group.campaign("again", ["named"] * 6 + ["counted"] * 8, spread, soon)
    plan = needs.planned(coordinator, one_more, (), 0.0, soon)
    assert (plan.counted, plan.too_few, plan.elsewhere) == (6, 0, 8)
    assert needs.publish(coordinator, one_more, (), 0.0, now=soon).hospitals == 6
    later = NOW + timedelta(days=130)
    next_year = group.campaign("later", ["named"] * 6 + ["counted"] * 8, spread, later)
    assert needs.publish(coordinator, next_year, (), 0.0, now=later).hospitals == 14


def test_other_breakdowns_of_the_same_hospitals_cannot_be_laid_over_each_other(begun: str) -> None:
    coordinator = group.person("coordinator", NOW)
    needs.publish(coordinator, begun, ("country",), 0.0, now=NOW)
    before = {frozenset(cell) for cell in ReleaseRow.objects.get().cells}
    again = group.campaign("again", ["named"] * 6 + ["counted"] * 7 + ["none"], spread, NOW)
    needs.publish(coordinator, again, ("size", "kind"), 0.0, now=NOW)
    for one in ReleaseRow.objects.get(campaign__id=again).cells:
        assert all(frozenset(one) == other or not frozenset(one) & other for other in before)


def test_where_all_are_alike_it_is_not_said(begun: str) -> None:
    assert begun
    coordinator = group.person("coordinator", NOW)
    alike_id = group.campaign("alike", ["counted"] * 14, alike, NOW)
    made = needs.publish(coordinator, alike_id, ("country",), 0.0, now=NOW)
    parts = made.broken_down("country")
    assert {value: many for value, (many, _) in parts.items()} == {"": 7, "FR": 7}
    assert {below[2] for below in parts["FR"][1].values()} == {Counted(5, 7)}
    assert {below[2] for below in parts[""][1].values()} == {Counted(0, 2)}


def test_somebody_who_knows_several_hospitals_is_reckoned_with(begun: str) -> None:
    coordinator = group.person("coordinator", NOW)
    group.person("ciso", NOW, ["h-000", "h-001", "h-002"], name="shared")
    assert needs.planned(coordinator, begun, (), 0.0, NOW).rule.known == 3
    with pytest.raises(InputError, match="at least 9"):
        needs.publish(coordinator, begun, (), 0.0, now=NOW)
    # Who sees all of them anyway learns nothing from counts.
    GrantRow.objects.filter(user=UserRow.objects.get(email="shared@group.example")).delete()
    group.person("ciso", NOW, name="all")
    assert needs.planned(coordinator, begun, (), 0.0, NOW).rule.known == 1


def test_noise_is_paid_from_a_yearly_budget(begun: str) -> None:
    coordinator = group.person("coordinator", NOW)
    assert needs.publish(coordinator, begun, (), 2.0, now=NOW).rule.epsilon == 2.0
    at = NOW + timedelta(days=91)
    second = group.campaign("second", ["named"] * 6 + ["counted"] * 7 + ["none"], spread, at)
    assert needs.planned(coordinator, second, (), 2.0, at).spent == 0
    needs.publish(coordinator, second, (), 2.0, now=at)
    at = NOW + timedelta(days=182)
    third = group.campaign("third", ["named"] * 6 + ["counted"] * 8, spread, at)
    # The budget of all but the one that was not counted before is spent; alone it is too few.
    plan = needs.planned(coordinator, third, (), 0.5, at)
    assert (plan.spent, plan.counted, plan.too_few) == (13, 0, 1)
    assert needs.planned(coordinator, third, (), 0.0, at).counted == 14
    year_later = NOW + timedelta(days=366)
    assert needs.planned(coordinator, third, (), 2.0, year_later).spent == 0


@pytest.mark.parametrize(("by", "epsilon"), [(("beds",), 0.0), (("size", "size"), 0.0), ((), 3.0), ((), -1.0)])
def test_what_cannot_be_released_is_refused(begun: str, by: tuple[str, ...], epsilon: float) -> None:
    with pytest.raises(InputError):
        needs.publish(group.person("coordinator", NOW), begun, by, epsilon, now=NOW)


def test_earlier_campaigns_of_the_group_are_the_trend(begun: str) -> None:
    coordinator = group.person("coordinator", NOW)
    before = group.campaign("2025", ["named"] * 14, spread, NOW - timedelta(days=365))
    now = next(one for one in needs.listed(coordinator) if one.id == begun)
    assert [one.id for one in needs.earlier(coordinator, now)] == [before, begun]


def test_who_went_deeper_is_counted_by_the_measure_of_all(begun: str) -> None:
    coordinator = group.person("coordinator", NOW)
    before = needs.seen(coordinator, begun)
    course = needs.course(coordinator, before)
    # One hospital goes on to all questions, of which it has answered the first only.
    row = AssessmentRow.objects.get(campaign__id=begun, tenant="h-001")
    framework = before.framework
    answers = {
        one.id: Answer(one.id, Kind.UNKNOWN if spread(1, one) is None else Kind.STEP, spread(1, one))
        for one in framework.at(Tier.FIRST)
    }
    deeper = Assessment(begun, "h-001", framework.id, framework.version, Tier.DEEPER, answers)
    row.depth, row.figures = Tier.DEEPER, figures(framework, deeper)
    row.save()
    assert row.figures["points"] < next(one.figures["points"] for one in before.rows if one.tenant == "h-001")
    after = needs.seen(coordinator, begun)
    assert [one.figures for one in after.rows] == [one.figures for one in before.rows]
    assert needs.course(coordinator, after) == course


def test_a_campaign_may_ask_all_questions(begun: str) -> None:
    assert begun
    coordinator = group.person("coordinator", NOW)
    closes = NOW + timedelta(days=30)
    id_ = campaigns.begin(coordinator, group.GROUP, "hospital-readiness", "all", closes, now=NOW, depth=Tier.DEEPER)
    ciso = group.person("ciso", NOW, ["h-003"])
    opened = assessment.opened(ciso, campaigns.take_part(ciso, id_, "h-003", NOW))
    assert len(opened.questions) > 100
