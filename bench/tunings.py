"""What tunings cost: the same frames read and matched without any, and with more and more of them.

One event in twenty is an attack that a rule finds; each tuning is about that rule, and withholds nothing, which is the
dearest case: every match is shown to every tuning.
"""

import time
from dataclasses import replace

from bench.figures import Figure, figure
from bench.live import EVENT
from wardwatch.frames.frame import Unnumbered, frames
from wardwatch.pipeline import ruleset
from wardwatch.pipeline.assembling import Carry
from wardwatch.pipeline.detecting import Detector
from wardwatch.pipeline.live_reading import Work
from wardwatch.pipeline.ruleset import RulePaths
from wardwatch.pipeline.tuning import applying
from wardwatch.pipeline.tuning.document import Tuning

EVENTS, STEP = 40_000, 4_000
COUNTS = (0, 1, 10, 100)
ROUNDS = 5
NOW = 1_795_399_200_000_000


def tunings() -> list[Figure]:
    """Measure: CPU of a step with each number of tunings, and beside none."""
    rules = ruleset.load(RulePaths((ruleset.shipped_rules(),)))
    detectors = {}
    plain = Detector(rules, lambda _: lambda batch: batch)
    found = plain.run(_work(0))
    (rule, *_) = sorted({alert.rule_id for alert in found.alerts})
    for count in COUNTS:
        made = applying.compiled([_tuning(rule, number) for number in range(count)], rules.rules, {})
        detectors[count] = Detector(replace(rules, tunings=made), lambda _: lambda batch: batch)
    spent: dict[int, list[float]] = {count: [] for count in COUNTS}
    for _ in range(ROUNDS):
        for count, detector in detectors.items():  # by turns: what else runs here slows all of them alike
            before = time.process_time()
            for first in range(0, EVENTS, STEP):
                detector.run(_work(first))
            spent[count].append((time.process_time() - before) / EVENTS * 1e6)
    note = f"{len(found.alerts) / STEP:.0%} of events match"
    figures = [figure(f"reading and matching, {count} tunings", spent[count], "µs/event", note) for count in COUNTS]
    ratios = [with_all / without for with_all, without in zip(spent[COUNTS[-1]], spent[0], strict=True)]
    return [*figures, figure(f"{COUNTS[-1]} tunings beside none", ratios, "times")]


def _work(first: int) -> Work:
    attacks = (b"list writers", b"delete shadows /all")
    stamp = b"2026-11-23T01:00:00Z"
    bodies = [EVENT % (stamp, n % 50, attacks[n % 20 == 0], n) for n in range(first, first + STEP)]
    return Work(
        "bench", "0000000000000001-00000000", frames("bench", [Unnumbered("s", None, NOW, bodies)], first), Carry()
    )


def _tuning(rule: str, number: int) -> Tuning:
    detection = {
        "selection": {"User": f"CHU\\nobody{number}", "CommandLine|contains": "shadows"},
        "condition": "selection",
    }
    return Tuning(f"t{number}", "bench", rule, detection, "bench", "cost", NOW - 1, NOW + 10**12)
