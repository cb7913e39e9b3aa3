"""What Wardwatch has seen at a hospital that speaks for or against answers: only what it can know for certain.

It never says that something is *not* there because nobody sent logs of it: absence speaks only where presence was
promised (a source that fell silent).
"""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

from wardwatch.assessment.answers import Evidence
from wardwatch.kernel import stamps
from wardwatch.kernel.bilingual import Text
from wardwatch.records.models import AssetRow, GroupRow, ServiceRow
from wardwatch.usecases.installation import home

_LATELY = timedelta(days=7)
_BACKUP = frozenset({"veeam"})
_CLINICAL = frozenset({"dicom_audit", "orthanc", "hl7", "mirth", "fhir_auditevent"})
_EDGES = frozenset({"zeek", "suricata", "fortigate"})
_MANY = 5  # kinds of logs that make central collection
_HALF_A_YEAR = 180
_SILENT = "wardwatch-source-stopped"


def seen(tenant: str, now: datetime) -> Iterator[Evidence]:
    """Yield evidence of a hospital. A look at the lake's folders, and three queries."""
    at = stamps.micros(now)
    days = _days(tenant)
    lately = {source for day, sources in days.items() if now.date() - day <= _LATELY for source in sources}
    yield from _logs(lately, at)
    yield from _kept(sorted(days), now, at)
    yield from _silences(tenant, at)
    yield from _estate(tenant, at)


def _days(tenant: str) -> dict[date, frozenset[str]]:
    """Day of arrival → names of sources, from the paths of the lake (docs/reference/formats.md)."""
    found: dict[date, frozenset[str]] = {}
    for folder in (home() / "lake" / "v1" / f"tenant={tenant}").glob("day=*"):
        try:
            day = datetime.strptime(folder.name[4:], "%Y-%m-%d").replace(tzinfo=UTC).date()
        except ValueError:
            continue
        found[day] = frozenset(one.name[7:] for one in folder.glob("source=*") if any(one.glob("*.parquet")))
    return {day: sources for day, sources in found.items() if sources}


def _logs(lately: set[str], at: int) -> Iterator[Evidence]:
    names = ", ".join(sorted(lately))
    if lately:
        text = Text(
            f"Logs of {len(lately)} kinds arrived in the last seven days: {names}.",
            f"Des journaux de {len(lately)} types sont arrivés ces sept derniers jours\u00a0: {names}.",
        )
        yield Evidence("det-logs", text, "lake", at, supports_from=2 if len(lately) >= _MANY else 1)
    if backup := sorted(lately & _BACKUP):
        text = Text(
            f"Logs of backup jobs arrive ({', '.join(backup)}).",
            f"Les journaux de sauvegarde arrivent ({', '.join(backup)}).",
        )
        yield Evidence("bck-watch", text, "lake", at, supports_from=2)
    if clinical := sorted(lately & _CLINICAL):
        text = Text(
            f"Clinical systems send logs: {', '.join(clinical)}.",
            f"Des systèmes cliniques envoient leurs journaux\u00a0: {', '.join(clinical)}.",
        )
        yield Evidence("det-clinical", text, "lake", at, supports_from=2)
    if edges := sorted(lately & _EDGES):
        text = Text(
            f"Network sensors send logs: {', '.join(edges)}.",
            f"Des sondes réseau envoient leurs journaux\u00a0: {', '.join(edges)}.",
        )
        yield Evidence("net-detect", text, "lake", at, supports_from=1)


def _kept(days: list[date], now: datetime, at: int) -> Iterator[Evidence]:
    if not days:
        return
    oldest = days[0]
    span = (now.date() - oldest).days
    text = Text(
        f"The oldest day that is kept is {oldest}, {span} days ago.",
        f"Le jour le plus ancien conservé est le {oldest}, il y a {span} jours.",
    )
    yield Evidence("det-keep", text, "lake", at, supports_from=3 if span >= _HALF_A_YEAR else None)


def _silences(tenant: str, at: int) -> Iterator[Evidence]:
    open_ones = [
        row
        for row in GroupRow.objects.filter(tenant=tenant, state="open", merged=False).only("plain", "first_at")
        if _SILENT in row.plain.get("rule_ids", ())
    ]
    if not open_ones:
        return
    oldest = (at - min(row.first_at for row in open_ones)) // 3_600_000_000
    text = Text(
        f"{len(open_ones)} sources have fallen silent; the oldest, {oldest} hours ago, is still open.",
        f"{len(open_ones)} sources se sont tues\u00a0; la plus ancienne, il y a {oldest} heures, reste ouverte.",
    )
    yield Evidence("det-silence", text, "alerts", at, contradicts_from=3 if oldest >= 24 else None)  # noqa: PLR2004
    yield Evidence("det-logs", text, "alerts", at, contradicts_from=4)


def _estate(tenant: str, at: int) -> Iterator[Evidence]:
    kinds = list(AssetRow.objects.filter(tenant=tenant).values_list("kind", flat=True))
    unknown = kinds.count("unknown")
    if unknown:
        text = Text(
            f"{unknown} of {len(kinds)} assets in the estate were seen, and nobody has named them.",
            f"{unknown} des {len(kinds)} équipements du parc ont été vus sans être identifiés.",
        )
        yield Evidence("est-list", text, "estate", at, contradicts_from=4)
        yield Evidence("est-unknown", text, "estate", at, contradicts_from=4)
    elif kinds:
        text = Text(
            f"All {len(kinds)} assets of the estate are named.", f"Les {len(kinds)} équipements sont identifiés."
        )
        yield Evidence("est-list", text, "estate", at, supports_from=3)
    medical = kinds.count("medical")
    if medical:
        text = Text(f"The estate holds {medical} medical devices.", f"Le parc compte {medical} appareils médicaux.")
        yield Evidence("est-devices", text, "estate", at, supports_from=1)
    services = ServiceRow.objects.filter(tenant=tenant).count()
    if services:
        text = Text(
            f"{services} services are set up with the times that they can do without.",
            f"{services} services sont décrits avec le temps dont ils peuvent se passer du système.",
        )
        yield Evidence("est-care-map", text, "estate", at, supports_from=1)
