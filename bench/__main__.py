"""Run the benches: `python -m bench [--only NAME] [--events N]`. Figures go to the terminal and to build/bench/."""

import argparse
import json
import platform
from collections.abc import Callable
from dataclasses import asdict

from bench import drill, figures, ingest, lake, live, logs, peer, tunings, watch
from bench.figures import Figure
from wardwatch import __version__
from wardwatch.pipeline import ruleset

SECTIONS = (
    "matching",
    "json",
    "evtx",
    "scaling",
    "start",
    "memory",
    "peer",
    "ingest",
    "lake",
    "live",
    "watch",
    "tunings",
    "drill",
)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="bench", description=__doc__)
    parser.add_argument("--only", choices=SECTIONS, action="append", help="run only this section (may be repeated)")
    parser.add_argument("--events", type=int, default=1_000_000, help="events of the generated log [1,000,000]")
    parser.add_argument("--kills", type=int, default=100, help="kills of the drill [100]")
    asked = parser.parse_args()
    if not logs.has_shared():
        print("skipped: the real logs and rules are not beside the repository (../shared)")
        return
    figures.quiet()
    rules = ruleset.load(figures.rule_paths())
    sections: dict[str, Callable[[], list[Figure]]] = {
        "matching": lambda: figures.matching(rules),
        "json": lambda: figures.scanning(rules, "JSON lines", logs.real_events()),
        "evtx": lambda: figures.scanning(rules, "EVTX", logs.evtx(1_500)) if logs.evtx(1_500) else [],
        "scaling": lambda: figures.scaling(logs.real_events()),
        "start": figures.starting,
        "memory": lambda: figures.memory_and_cores(logs.grown(asked.events), asked.events),
        "peer": _peer,
        "ingest": lambda: ingest.ingest(min(asked.events, 200_000)),
        "lake": lambda: lake.lake(asked.events),
        "live": live.latency,
        "tunings": tunings.tunings,
        "drill": lambda: drill.figures(asked.kills),
        "watch": watch.stepping,
    }
    count = f"{len(rules.rules.rules):,} rules"
    print(f"Wardwatch {__version__}, Python {platform.python_version()}, {platform.machine()}, {count}")
    found: list[Figure] = []
    for name in asked.only or SECTIONS:
        for one in sections[name]():
            found.append(one)
            spread = f"({one.low:,.2f}–{one.high:,.2f})" if one.low != one.high else ""
            print(f"{one.name:55} {one.value:14,.2f} {one.unit:13} {spread:30} {one.note}", flush=True)
    logs.BUILD.mkdir(parents=True, exist_ok=True)
    (logs.BUILD / "figures.json").write_text(json.dumps([asdict(one) for one in found], indent=1))


def _peer() -> list[Figure]:
    found, differences = peer.beside(logs.real_events())
    for line in differences:
        print("   ", line)
    return found


if __name__ == "__main__":
    main()
