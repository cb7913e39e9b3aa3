"""Screens with 100,000 open alert groups, 300 hospitals and 2,000 users: server time, median and worst of nine."""

import json
import statistics
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

HOSPITALS, USERS, GROUPS = 300, 2_000, 100_000
PATHS = (
    *("/mine", "/wall", "/alerts", "/alerts?which=closed", "/incidents", "/board", "/estate", "/people", "/audit"),
    *("/sensors", "@group", "/board/h-000", "/detections", "/oncall/h-000", "/setup/houses", "/assessment", "/needs"),
)
RUNS = 9


def fill(groups: int) -> str:
    """Fill the database; returns the id of a group."""
    from dataclasses import replace  # noqa: PLC0415

    from tests.watch import day as simulated  # noqa: PLC0415

    from wardwatch.records.models import GrantRow, GroupingRow, GroupRow, OrganisationRow, UserRow  # noqa: PLC0415
    from wardwatch.usecases import estate, watch  # noqa: PLC0415
    from wardwatch.watch.messages import AlertArrived  # noqa: PLC0415

    now = datetime.now(UTC)
    OrganisationRow.objects.bulk_create(
        OrganisationRow(
            slug=f"h-{n:03}", name=f"Hospital {n}", kind="hospital", country="FR", size="medium", created_at=now
        )
        for n in range(HOSPITALS)
    )
    for n in range(HOSPITALS):
        estate.begin(f"h-{n:03}")
    cluster = GroupingRow.objects.create(slug="all", name="All", kind="national", created_at=now)
    cluster.members.set(OrganisationRow.objects.all())
    UserRow.objects.bulk_create(
        UserRow(email=f"u{n}@h.example", name=f"User {n}", created_at=now) for n in range(USERS)
    )
    users = list(UserRow.objects.order_by("email"))
    GrantRow.objects.bulk_create(
        GrantRow(user=user, role="analyst", organisation_id=f"h-{n % HOSPITALS:03}", since=now)
        for n, user in enumerate(users)
    )
    GrantRow.objects.create(user=users[0], role="administrator", since=now)
    alerts = [message.alert for _, message in simulated.day(noise=20) if isinstance(message, AlertArrived)][:120]
    watch.take_alerts("h-000", [replace(one, tenant="h-000") for one in alerts], "1", 1, now)
    model = GroupRow.objects.filter(merged=False).order_by("-count").first()
    assert model is not None
    rows = []
    for n in range(groups):
        tenant, id_ = f"h-{n % HOSPITALS:03}", f"{n:032x}"
        plain = {**model.plain, "id": id_, "tenant": tenant, "family": id_, "score": n % 900, "state": "open"}
        rows.append(
            GroupRow(
                id=id_, tenant=tenant, family=id_, merged=False, state="open", standing="open", score=n % 900,
                level=n % 5, count=3, first_at=n, last_at=n, updated_at=n, plain=plain,
            )
        )  # fmt: skip
        if len(rows) == 2_000:
            GroupRow.objects.bulk_create(rows)
            rows = []
    GroupRow.objects.bulk_create(rows)
    return model.id


def main(groups: int = GROUPS) -> None:
    """Fill, and look at every screen."""
    from wardwatch.records import boot  # noqa: PLC0415
    from wardwatch.records.configuration import Configuration  # noqa: PLC0415

    with tempfile.TemporaryDirectory() as name:
        boot.setup(Configuration(home=Path(name), hosts=("testserver",)))
        boot.migrate()
        group = fill(groups)
        from django.test import Client  # noqa: PLC0415

        from wardwatch.records.models import UserRow  # noqa: PLC0415

        client = Client()
        client.force_login(UserRow.objects.order_by("email").first())  # type: ignore[arg-type]
        for path in PATHS:
            address = path.replace("@group", f"/alerts/{group}")
            times: list[float] = []
            spent: list[float] = []
            for _ in range(RUNS + 1):
                begun, cpu = time.perf_counter(), time.process_time()
                answer = client.get(address)
                times.append((time.perf_counter() - begun) * 1000)
                spent.append((time.process_time() - cpu) * 1000)
                assert answer.status_code == 200, (path, answer.status_code)
            times, spent = times[1:], spent[1:]
            print(
                json.dumps(
                    {
                        "screen": path,
                        "median_ms": round(statistics.median(times)),
                        "worst_ms": round(max(times)),
                        "cpu_ms": round(statistics.median(spent)),
                    }
                )
            )


if __name__ == "__main__":
    main()
