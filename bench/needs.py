"""The map of needs with 500 hospitals, 120 questions, five campaigns: server time, median and worst of nine."""

import json
import statistics
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from django.test import Client

HOSPITALS, CAMPAIGNS, RUNS = 500, 5, 9
_STATES = ("AT", "BE", "DE", "ES", "FR", "IT", "NL", "PL", "PT", "RO")


def fill(hospitals: int) -> str:
    """Five campaigns a year apart, answered to the full depth; returns the id of the newest."""
    from tests import group  # noqa: PLC0415

    from wardwatch.assessment.framework import Question, Tier  # noqa: PLC0415

    now = datetime.now(UTC)
    sizes, kinds = ("small", "medium", "large"), ("hospital", "hospital", "laboratory")
    houses = [(_STATES[n % len(_STATES)], sizes[n % 3], kinds[n % 7 % 3]) for n in range(hospitals)]
    group.gather(houses, now)

    def answers(year: int) -> Callable[[int, Question], int | None]:
        def said(n: int, question: Question) -> int | None:
            drawn = (n * 31 + sum(question.id.encode()) * 17 + year) % 97
            return None if drawn < 8 - year else min(4, drawn % 5 + (drawn > 80) * year)

        return said

    newest = ""
    for year in range(CAMPAIGNS):
        at = now - timedelta(days=365 * (CAMPAIGNS - 1 - year))
        newest = group.campaign(str(at.year), ["named"] * hospitals, answers(year), at, depth=Tier.DEEPER)
    group.person("coordinator", now)
    return newest


def main(hospitals: int = HOSPITALS) -> None:
    """Fill, look at every screen of the campaign, release, and look at what others see."""
    from wardwatch.records import boot  # noqa: PLC0415
    from wardwatch.records.configuration import Configuration  # noqa: PLC0415

    with tempfile.TemporaryDirectory() as name:
        boot.setup(Configuration(home=Path(name), hosts=("testserver",)))
        boot.migrate()
        campaign = fill(hospitals)
        from django.test import Client  # noqa: PLC0415
        from tests import group  # noqa: PLC0415

        from wardwatch.records.models import UserRow  # noqa: PLC0415

        client = Client()
        client.force_login(UserRow.objects.get(email="coordinator@group.example"))
        for path in ("", "?all=1", ".json", "/need/gov-lead", "/who", "/release?by=country&by=size"):
            _measure(client, f"/needs/{campaign}{path}", path or "map")
        begun = time.perf_counter()
        answer = client.post(f"/needs/{campaign}/publish", {"by": ["country", "size"]})
        assert answer.status_code == 302, answer.content
        print(json.dumps({"act": "release", "ms": round((time.perf_counter() - begun) * 1000)}))
        group.person("authority_guest", datetime.now(UTC))
        client.force_login(UserRow.objects.get(email="authority_guest@group.example"))
        _measure(client, f"/needs/{campaign}", "map, as released")


def _measure(client: "Client", path: str, name: str) -> None:
    times = []
    for _ in range(RUNS + 1):
        begun = time.perf_counter()
        answer = client.get(path)
        times.append((time.perf_counter() - begun) * 1000)
        assert answer.status_code == 200, (path, answer.status_code)
    times = times[1:]
    print(json.dumps({"screen": name, "median_ms": round(statistics.median(times)), "worst_ms": round(max(times))}))


if __name__ == "__main__":
    main()
