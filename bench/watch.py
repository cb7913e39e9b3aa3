"""How fast the watch steps: a simulated day through the store in memory, and with each value going through JSON."""

import gc
import time
from collections.abc import Iterable

import orjson
from tests.watch.day import TENANT, day, memory, play

from bench.figures import Figure, figure
from wardwatch.watch import plain
from wardwatch.watch.memory import Kept
from wardwatch.watch.messages import Message

RUNS = 3
LARGE = 20_000  # alerts of noise in the day that is long


def stepping() -> list[Figure]:
    """Steps a second: load, step and save; what a value costs on its way to a database and back."""
    messages = list(day())
    kept = [_played(messages) for _ in range(RUNS)]
    note = f"{len(messages):,} messages"
    found = [figure("watch: steps of a day, in memory", [rate for rate, _ in kept], "steps/s", note)]
    large = list(day(seed=2, noise=LARGE))
    rate, many = _played(large)
    note = f"{len(large):,} messages, {len(many.groups):,} groups"
    found.append(figure("watch: steps of a long day, in memory", [rate], "steps/s", note))
    return [*found, *_through_json(kept[0][1])]


def _played(messages: Iterable[tuple[int, Message]]) -> tuple[float, Kept]:
    found = list(messages)
    store = memory()
    gc.collect()
    began = time.process_time()
    play(store, found)
    return len(found) / (time.process_time() - began), store.kept(TENANT)


def _through_json(kept: Kept) -> list[Figure]:
    figures = []
    for name, values in (("group", kept.groups), ("alert", kept.alerts)):
        every = list(values.values())
        began = time.process_time()
        texts = [orjson.dumps(plain.to_plain(one)) for one in every]
        middle = time.process_time()
        back = [plain.from_plain(type(every[0]), orjson.loads(text)) for text in texts]
        ended = time.process_time()
        assert back == every
        size = f"{sum(map(len, texts)) / len(texts):,.0f} bytes each, the largest {max(map(len, texts)):,}"
        figures.append(figure(f"watch: {name} to JSON", [1e6 * (middle - began) / len(every)], "µs", size))
        figures.append(figure(f"watch: {name} from JSON", [1e6 * (ended - middle) / len(every)], "µs"))
    return figures
