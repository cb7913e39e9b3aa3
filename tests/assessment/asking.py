"""A small framework and quick ways to answer it."""

from collections.abc import Mapping

from wardwatch.assessment.answers import Answer, Assessment, Kind
from wardwatch.assessment.framework import Condition, Cost, Domain, Framework, Guideline, Pillar, Question, Tier
from wardwatch.kernel.bilingual import Text

_GUIDE = Guideline(
    why=Text("why", "pourquoi"),
    find=Text("find", "trouver"),
    good={size: Text(size, size) for size in ("small", "medium", "large")},
    start=(Text("start", "débuter"),),
    days=(1, 2),
    cost=Cost.NONE,
)


def question(
    id_: str, domain: str, *, weight: int = 1, tier: Tier = Tier.FIRST, when: tuple[Condition, ...] = ()
) -> Question:
    return Question(
        id=id_,
        domain=domain,
        tier=tier,
        weight=weight,
        pillar=Pillar.PREVENT,
        ask=Text(f"{id_}?", f"{id_} ?"),
        steps=tuple(Text(f"{id_} {step}", f"{id_} à {step}") for step in range(5)),
        guide=_GUIDE,
        when=when,
    )


SMALL = Framework(
    id="small",
    version=1,
    name=Text("Small", "Petit"),
    about=Text("Small", "Petit"),
    domains=(Domain("a", Text("A", "A")), Domain("b", Text("B", "B"))),
    questions=(
        question("a1", "a", weight=3),
        question("a2", "a", when=(Condition("a1", 1),)),
        question("a3", "a", when=(Condition("a2", 2),), tier=Tier.DEEPER),
        question("b1", "b", weight=2),
        question("b2", "b", weight=2, tier=Tier.DEEPER),
    ),
)

Said = int | str  # a step, "unknown", or the reason why it does not apply


def answer(id_: str, said: Said) -> Answer:
    if said == "unknown":
        return Answer(id_, Kind.UNKNOWN)
    if isinstance(said, str):
        return Answer(id_, Kind.NOT_APPLICABLE, reason=said)
    return Answer(id_, Kind.STEP, said)


def assessment(said: Mapping[str, Said], depth: Tier = Tier.DEEPER) -> Assessment:
    return Assessment("2026", "chu", "small", 1, depth, {id_: answer(id_, one) for id_, one in said.items()})
