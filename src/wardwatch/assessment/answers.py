"""What was answered: by whom, when, on what grounds; and that the management body has signed it."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from wardwatch.assessment.framework import TOP, Framework, Question, Tier
from wardwatch.kernel.bilingual import Text
from wardwatch.kernel.ids import digest


class Kind(StrEnum):
    """What an answer is. *Unknown* is an answer: somebody looked at the question and does not know."""

    STEP = "step"
    UNKNOWN = "unknown"
    NOT_APPLICABLE = "not_applicable"


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer.

    Args:
        question: its question's id.
        kind: a step, unknown, or not applicable.
        step: 0 to 4 for a step, else `None`.
        reason: why it does not apply; needed there.
        by: who answered; `by_name` as people call them.
        at: µs UTC.
        note: what shows it.
        files: ids of files that show it.

    Raises `ValueError` for what is no answer.
    """

    question: str
    kind: Kind
    step: int | None = None
    reason: str = ""
    by: str = ""
    by_name: str = ""
    at: int = 0
    note: str = ""
    files: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.kind is Kind.STEP and (type(self.step) is not int or not 0 <= self.step <= TOP):
            raise ValueError(f"a step is a number from 0 to {TOP}")
        if self.kind is not Kind.STEP and self.step is not None:
            raise ValueError("only a step has a number")
        if self.kind is Kind.NOT_APPLICABLE and not self.reason.strip():
            raise ValueError("say why it does not apply")

    def says(self, other: "Answer | None") -> bool:
        """Whether both say the same, whoever said it when."""
        return other is not None and (self.kind, self.step, self.reason, self.note, self.files) == (
            other.kind,
            other.step,
            other.reason,
            other.note,
            other.files,
        )


@dataclass(frozen=True, slots=True)
class Delegation:
    """A question that somebody was asked to answer."""

    question: str
    to: str
    to_name: str
    by: str
    at: int


@dataclass(frozen=True, slots=True)
class SignOff:
    """The record of NIS 2, Art. 20: a member of the management body has seen the result and approves the measures.

    `seal` names the answers that were signed (`Assessment.seal`): when these change, it shows.
    """

    by: str
    by_name: str
    function: str
    at: int
    text: str
    seal: str
    score: int


@dataclass(frozen=True, slots=True)
class Evidence:
    """What was seen that speaks for or against an answer; handed in by whoever can see.

    Args:
        question: which question it is about.
        supports_from: it speaks for steps of at least this one; `None`: it speaks for none.
        contradicts_from: it speaks against steps of at least this one; `None`: against none.
        what: what was seen, with its figures.
        source: where.
        at: µs UTC, when.
    """

    question: str
    what: Text
    source: str
    at: int
    supports_from: int | None = None
    contradicts_from: int | None = None

    def verdict(self, answer: Answer | None) -> str:
        """`supports`, `contradicts`, or `seen` where it speaks neither for nor against the answer."""
        if answer is None or answer.step is None:
            return "seen"
        if self.contradicts_from is not None and answer.step >= self.contradicts_from:
            return "contradicts"
        if self.supports_from is not None and answer.step >= self.supports_from:
            return "supports"
        return "seen"


@dataclass(frozen=True, slots=True)
class Assessment:
    """The answers of a hospital in a campaign. `depth`: the first questions, or all."""

    campaign: str
    tenant: str
    framework: str
    version: int
    depth: Tier
    answers: Mapping[str, Answer] = field(default_factory=dict)
    delegations: Mapping[str, Delegation] = field(default_factory=dict)
    signed: tuple[SignOff, ...] = ()

    @property
    def seal(self) -> str:
        """A name of what is answered now; another one when anything that counts changes."""
        parts = [
            [one.question, one.kind.value, one.step, one.reason, one.note, sorted(one.files)]
            for _, one in sorted(self.answers.items())
        ]
        return digest("answers/1", json.dumps([self.framework, self.version, self.depth, parts]).encode()).hex()

    @property
    def valid_signature(self) -> SignOff | None:
        """The last sign-off, if the answers are still those that were signed."""
        return self.signed[-1] if self.signed and self.signed[-1].seal == self.seal else None


class Standing(StrEnum):
    """How a question stands in an assessment."""

    ANSWERED = "answered"
    OPEN = "open"
    SKIPPED = "skipped"  # a condition does not hold: counts as step 0
    NOT_APPLICABLE = "not_applicable"  # by its own answer, or since what it builds on does not apply


def standing(framework: Framework, assessment: Assessment, question: Question) -> Standing:
    """How a question stands: whether it is asked at all, and answered."""
    for condition in question.when:
        other = framework.by_id[condition.question]
        before = standing(framework, assessment, other)
        answer = assessment.answers.get(condition.question)
        if before is Standing.NOT_APPLICABLE:
            return Standing.NOT_APPLICABLE
        if before is Standing.SKIPPED:
            return Standing.SKIPPED
        if answer is not None and (answer.step or 0) < condition.at_least:
            return Standing.SKIPPED
    answer = assessment.answers.get(question.id)
    if answer is None:
        return Standing.OPEN
    return Standing.NOT_APPLICABLE if answer.kind is Kind.NOT_APPLICABLE else Standing.ANSWERED


def asked(framework: Framework, assessment: Assessment) -> Iterator[Question]:
    """Yield the questions that are asked, in order: those whose conditions hold, or are still open."""
    for question in framework.at(assessment.depth):
        found = standing(framework, assessment, question)
        own = assessment.answers.get(question.id)
        declined = found is Standing.NOT_APPLICABLE and own is not None and own.kind is Kind.NOT_APPLICABLE
        if found in (Standing.ANSWERED, Standing.OPEN) or declined:
            yield question


def unanswered(framework: Framework, assessment: Assessment) -> tuple[Question, ...]:
    """The questions that wait for an answer, in order."""
    return tuple(one for one in asked(framework, assessment) if one.id not in assessment.answers)
