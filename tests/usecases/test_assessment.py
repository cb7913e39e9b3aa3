"""People answer together, ask each other, show files, sign; nobody elsewhere learns of it."""

from datetime import timedelta

import pytest
from tests.cast import FAR, HERE, NOW, Cast

from wardwatch.assessment.answers import Kind
from wardwatch.assessment.framework import Tier
from wardwatch.kernel.errors import AccessError, InputError
from wardwatch.records.models import AnswerHistoryRow, AssetRow, AuditRow, CampaignRow, GroupRow
from wardwatch.records.queries import assessment as queries
from wardwatch.usecases import assessment, demo_assessment, installation
from wardwatch.usecases.assessment import Said
from wardwatch.usecases.seen_evidence import seen

LATER = NOW + timedelta(minutes=5)


@pytest.fixture
def begun(cast: Cast) -> str:
    return assessment.begin(cast.actor("ciso"), HERE, "hospital-readiness", "2026", now=NOW)


def test_several_people_answer_and_each_answer_says_who_and_when(cast: Cast, begun: str) -> None:
    assessment.answer(cast.actor("ciso"), begun, "gov-lead", Said(Kind.STEP, 2), now=NOW)
    assessment.answer(cast.actor("biomedical_engineer"), begun, "est-devices", Said(Kind.STEP, 3), now=LATER)
    assessment.answer(cast.actor("dpo"), begun, "gov-lead", Said(Kind.STEP, 1), now=LATER)
    found = assessment.opened(cast.actor("auditor"), begun)
    assert {id_: (one.step, one.by_name) for id_, one in found.value.answers.items()} == {
        "gov-lead": (1, "Dpo"),
        "est-devices": (3, "Biomedical_engineer"),
    }
    assert [one.by_name for one in queries.history(begun, "gov-lead")] == ["Dpo", "Ciso"]
    assert found.listed.figures["answered"] == 2
    assert found.listed.figures["points"] == found.result.overall.points


def test_the_same_answer_again_changes_nothing(cast: Cast, begun: str) -> None:
    for moment in (NOW, LATER):
        assessment.answer(cast.actor("ciso"), begun, "gov-lead", Said(Kind.STEP, 2), now=moment)
    assert AnswerHistoryRow.objects.count() == 1


def test_nobody_elsewhere_sees_or_changes_it(cast: Cast, begun: str) -> None:
    for name in ("outsider", "ward_lead", "nobody", "coordinator"):
        with pytest.raises(AccessError):
            assessment.opened(cast.actor(name), begun)
        with pytest.raises(AccessError):
            assessment.answer(cast.actor(name), begun, "gov-lead", Said(Kind.STEP, 4), now=NOW)
        assert assessment.listed(cast.actor(name)) == ()
    with pytest.raises(AccessError):
        assessment.answer(cast.actor("auditor"), begun, "gov-lead", Said(Kind.STEP, 4), now=NOW)
    with pytest.raises(AccessError):
        assessment.begin(cast.actor("ciso"), FAR, "hospital-readiness", "2026", now=NOW)


@pytest.mark.parametrize("question", ["no-such", "gov-policy"])
def test_what_is_not_asked_cannot_be_answered(cast: Cast, begun: str, question: str) -> None:
    with pytest.raises(AccessError):
        assessment.answer(cast.actor("ciso"), begun, question, Said(Kind.STEP, 4), now=NOW)


def test_going_deeper_keeps_answers(cast: Cast, begun: str) -> None:
    assessment.answer(cast.actor("ciso"), begun, "gov-lead", Said(Kind.STEP, 2), now=NOW)
    assessment.deepen(cast.actor("ciso"), begun, LATER)
    found = assessment.opened(cast.actor("ciso"), begun)
    assert (found.value.depth, len(found.value.answers)) == (Tier.DEEPER, 1)
    assert len(found.questions) > 100
    assert found.listed.figures["asked"] == len(found.questions)


def test_a_question_can_be_given_to_somebody_of_the_house_only(cast: Cast, begun: str) -> None:
    ciso = cast.actor("ciso")
    names = [one.name for one in assessment.who_may_answer(assessment.opened(ciso, begun), NOW)]
    assert names == ["Admin_on_call", "Biomedical_engineer", "Ciso", "Dpo"]
    engineer = cast.actor("biomedical_engineer")
    assessment.delegate(ciso, begun, "est-devices", engineer.id, now=NOW)
    assert queries.delegated_to(engineer.id, {HERE}) == ((begun, "est-devices"),)
    assert [(one.assessment, one.id) for one in assessment.asked_of(engineer)] == [(begun, "est-devices")]
    assert assessment.asked_of(cast.actor("outsider")) == ()
    with pytest.raises(InputError):
        assessment.delegate(ciso, begun, "est-devices", cast.actor("outsider").id, now=NOW)
    assessment.answer(engineer, begun, "est-devices", Said(Kind.UNKNOWN), now=LATER)
    assert queries.delegated_to(engineer.id, {HERE}) == ()


def test_files_show_an_answer_and_come_back_whole(cast: Cast, begun: str) -> None:
    ciso = cast.actor("ciso")
    with pytest.raises(InputError):
        assessment.attach(ciso, begun, "gov-lead", "letter.pdf", [b"first"], now=NOW)
    assessment.answer(ciso, begun, "gov-lead", Said(Kind.STEP, 3), now=NOW)
    assessment.attach(ciso, begun, "gov-lead", "../letter.pdf", [b"a ", b"letter"], now=NOW)
    (kept,) = queries.files(begun)
    path, name = assessment.kept(cast.actor("auditor"), kept.id, LATER)
    assert (path.read_bytes(), name) == (b"a letter", "letter.pdf")
    with pytest.raises(AccessError):
        assessment.kept(cast.actor("outsider"), kept.id, LATER)
    with pytest.raises(InputError):
        assessment.attach(ciso, begun, "gov-lead", "large", [bytes(1 << 20)] * 21, now=NOW)
    path.write_bytes(b"another letter")
    with pytest.raises(InputError):
        assessment.kept(ciso, kept.id, LATER)


def test_a_director_signs_what_was_read_and_nothing_else(cast: Cast, begun: str) -> None:
    director, ciso = cast.actor("crisis_director"), cast.actor("ciso")
    assessment.answer(ciso, begun, "gov-lead", Said(Kind.STEP, 3), now=NOW)
    seal = assessment.opened(director, begun).value.seal
    assessment.answer(ciso, begun, "gov-lead", Said(Kind.STEP, 2), now=NOW)
    with pytest.raises(InputError, match="changed"):
        assessment.sign(director, begun, "Director", "Approved.", seal=seal, now=LATER)
    seal = assessment.opened(director, begun).value.seal
    with pytest.raises(AccessError):
        assessment.sign(cast.actor("biomedical_engineer"), begun, "Director", "Approved.", seal=seal, now=LATER)
    assessment.sign(director, begun, "Director", "Approved.", seal=seal, now=LATER)
    found = assessment.opened(director, begun)
    assert found.value.valid_signature is not None
    assert AuditRow.objects.filter(action="assessment.signed").count() == 1
    assessment.answer(ciso, begun, "gov-lead", Said(Kind.STEP, 4), now=LATER)
    found = assessment.opened(director, begun)
    assert (found.value.valid_signature, len(found.value.signed)) == (None, 1)


@pytest.mark.parametrize(
    ("choice", "reason", "where"), [("", "", "answer"), ("5", "", "answer"), ("not_applicable", " ", "reason")]
)
def test_what_is_no_answer_says_where(choice: str, reason: str, where: str) -> None:
    with pytest.raises(InputError) as caught:
        Said.parse(choice, reason)
    assert caught.value.where == where


def test_a_closed_campaign_is_closed(cast: Cast, begun: str) -> None:
    CampaignRow.objects.update(closes_at=0)
    with pytest.raises(InputError, match="closed"):
        assessment.answer(cast.actor("ciso"), begun, "gov-lead", Said(Kind.STEP, 3), now=NOW)


def test_evidence_is_what_was_seen_here_and_no_more(cast: Cast, begun: str) -> None:
    assert list(seen(HERE, NOW)) == []
    lake = installation.home() / "lake" / "v1"
    for tenant, source in ((HERE, "veeam"), (HERE, "dicom_audit"), (FAR, "zeek")):
        folder = lake / f"tenant={tenant}" / f"day={NOW:%Y-%m-%d}" / f"source={source}"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "one.parquet").write_bytes(b"")
    AssetRow.objects.create(id="a" * 32, tenant=HERE, name="x", kind="unknown", known="learned", plain={})
    GroupRow.objects.create(
        id="b" * 32,
        tenant=HERE,
        family="f",
        merged=False,
        state="open",
        standing="open",
        score=1,
        level=3,
        count=1,
        first_at=int((NOW - timedelta(days=2)).timestamp() * 1e6),
        last_at=0,
        updated_at=0,
        plain={"rule_ids": ["wardwatch-source-stopped"]},
    )
    found = {(one.question, one.supports_from, one.contradicts_from) for one in seen(HERE, NOW)}
    assert found == {
        ("det-logs", 1, None),
        ("bck-watch", 2, None),
        ("det-clinical", 2, None),
        ("det-keep", None, None),
        ("det-silence", None, 3),
        ("det-logs", None, 4),
        ("est-list", None, 4),
        ("est-unknown", None, 4),
    }
    assert "zeek" not in "".join(one.what.en for one in seen(HERE, NOW))
    beside = assessment.evidence(assessment.opened(cast.actor("ciso"), begun), NOW)
    assert [one.contradicts_from for one in beside["est-list"]] == [4]


def test_the_demonstration_has_two_campaigns_a_year_apart_and_the_same_each_time(cast: Cast) -> None:
    demo_assessment.add("meuse-ardenne", (HERE, FAR), NOW)
    demo_assessment.add("meuse-ardenne", (HERE, FAR), NOW)
    found = assessment.listed(cast.actor("ciso"))
    assert [one.campaign_name for one in found] == ["2026", "2025"]
    small = {one.tenant: one.figures["points"] for one in queries.listed({HERE, FAR}) if one.campaign_name == "2026"}
    assert small[HERE] > small[FAR], "the large house stands better than the small one"
    _, _, comparison = assessment.compared(cast.actor("ciso"), found[0].id, found[1].id)
    assert comparison.after.reached > comparison.before.reached
    with pytest.raises(AccessError):
        assessment.compared(cast.actor("ciso"), found[0].id, queries.listed({FAR})[0].id)
