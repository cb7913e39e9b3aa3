"""Scores that explain themselves: points of 100, each point traced to an answer.

A domain's 100 points are shared among its questions by weight; a step earns a quarter of the question's points. All
domains count the same overall. *Unknown*, open and skipped questions earn nothing; *not applicable* earns nothing and
lowers what can be reached, which is shown beside the score. What a question is worth never depends on answers, so
nothing but a higher step raises a score. Fractions are exact; a figure that is shown is rounded down.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

from wardwatch.assessment.answers import Answer, Assessment, Kind, Standing, standing
from wardwatch.assessment.framework import TOP, Domain, Framework, Question

FULL = 100


@dataclass(frozen=True, slots=True)
class Share:
    """What one question brings, in points of its domain and overall."""

    question: str
    standing: Standing
    step: int  # that counts: 0 where there is none
    domain_points: Fraction
    overall_points: Fraction
    domain_most: Fraction
    overall_most: Fraction


@dataclass(frozen=True, slots=True)
class Score:
    """Points of 100: reached, and reachable here (less what does not apply); and how many questions stand how."""

    reached: Fraction
    reachable: Fraction
    asked: int
    answered: int
    unknown: int
    not_applicable: int
    skipped: int

    @property
    def points(self) -> int:
        """As it is shown: rounded down."""
        return int(self.reached)

    @property
    def most(self) -> int:
        """What can be reached here, rounded up so that nobody is said to have more than all."""
        return -int(-self.reachable // 1)

    @property
    def level(self) -> int:
        """0 to 4: the step that stands behind the points."""
        return min(TOP, int(self.reached * TOP / FULL))


@dataclass(frozen=True, slots=True)
class Result:
    """The whole score: overall, by domain, and each question's share."""

    overall: Score
    domains: Mapping[str, Score]
    shares: Mapping[str, Share]


def result(framework: Framework, assessment: Assessment) -> Result:
    """Score an assessment. Answers to questions that the framework has not, at this depth, do not count."""
    parts = tuple(framework.by_domain(assessment.depth))
    shares: dict[str, Share] = {}
    domains: dict[str, Score] = {}
    for domain, questions in parts:
        weight = sum(one.weight for one in questions)
        for one in questions:
            shares[one.id] = _share(framework, assessment, one, Fraction(FULL * one.weight, weight), len(parts))
        domains[domain.id] = _sum(assessment, [shares[one.id] for one in questions], overall=False)
    return Result(_sum(assessment, list(shares.values()), overall=True), domains, shares)


def _share(framework: Framework, assessment: Assessment, question: Question, most: Fraction, domains: int) -> Share:
    found = standing(framework, assessment, question)
    answer = assessment.answers.get(question.id)
    step = (answer.step or 0) if answer is not None and found is Standing.ANSWERED else 0
    points = most * step / TOP
    return Share(question.id, found, step, points, points / domains, most, most / domains)


def _sum(assessment: Assessment, shares: list[Share], *, overall: bool) -> Score:
    def points(one: Share) -> Fraction:
        return one.overall_points if overall else one.domain_points

    def most(one: Share) -> Fraction:
        return one.overall_most if overall else one.domain_most

    applies = [one for one in shares if one.standing is not Standing.NOT_APPLICABLE]
    answers = [assessment.answers.get(one.question) for one in shares if one.standing is Standing.ANSWERED]
    return Score(
        reached=sum((points(one) for one in shares), Fraction()),
        reachable=sum((most(one) for one in applies), Fraction()),
        asked=sum(one.standing in (Standing.ANSWERED, Standing.OPEN) for one in shares),
        answered=len(answers),
        unknown=sum(one is not None and one.kind is Kind.UNKNOWN for one in answers),
        not_applicable=len(shares) - len(applies),
        skipped=sum(one.standing is Standing.SKIPPED for one in shares),
    )


@dataclass(frozen=True, slots=True)
class Move:
    """What changed at one question, and how many points of its domain and overall that moved."""

    question: Question
    before: Answer | None
    after: Answer | None
    domain_points: Fraction
    overall_points: Fraction


@dataclass(frozen=True, slots=True)
class Compared:
    """A domain in two campaigns."""

    domain: Domain
    before: Score
    after: Score


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two campaigns by the same measure: the framework and depth of the later one."""

    before: Score
    after: Score
    domains: tuple[Compared, ...]
    moves: tuple[Move, ...]  # the largest first; their points add up to the difference


def compare(framework: Framework, before: Assessment, after: Assessment) -> Comparison:
    """Compare two assessments question by question; an answer that the earlier one has not is open there."""
    earlier = Assessment(
        before.campaign, before.tenant, after.framework, after.version, after.depth, dict(before.answers)
    )
    was, now = result(framework, earlier), result(framework, after)
    moves = [
        Move(
            question=framework.by_id[id_],
            before=before.answers.get(id_),
            after=after.answers.get(id_),
            domain_points=share.domain_points - was.shares[id_].domain_points,
            overall_points=share.overall_points - was.shares[id_].overall_points,
        )
        for id_, share in now.shares.items()
        if share.overall_points != was.shares[id_].overall_points
    ]
    moves.sort(key=lambda one: (-abs(one.overall_points), one.question.id))
    parts = tuple(
        Compared(one, was.domains[one.id], now.domains[one.id]) for one in framework.domains if one.id in now.domains
    )
    return Comparison(was.overall, now.overall, parts, tuple(moves))


@dataclass(frozen=True, slots=True)
class NextStep:
    """A question worth working at: what one step more would bring overall, and how urgent it is."""

    question: Question
    step: int
    gain: Fraction


def next_steps(framework: Framework, assessment: Assessment, most: int = 5) -> tuple[NextStep, ...]:
    """The questions to begin with: heavy ones that stand low first, then those where a step brings more."""
    shares = result(framework, assessment).shares
    found = [
        NextStep(one, shares[one.id].step, shares[one.id].overall_most / TOP)
        for one in framework.at(assessment.depth)
        if shares[one.id].standing is Standing.ANSWERED and shares[one.id].step < TOP - 1
    ]
    found.sort(key=lambda one: (-one.question.weight * (TOP - one.step), -one.gain, one.question.id))
    return tuple(found[:most])
