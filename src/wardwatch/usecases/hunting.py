"""Search the lake as an analyst does: what happened, how often, by whom. Every search is noted: it shows people."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from wardwatch.kernel import stamps
from wardwatch.kernel.errors import AccessError, InputError
from wardwatch.pipeline.privacy import Privacy
from wardwatch.pipeline.search import saving
from wardwatch.pipeline.search.database import Limits
from wardwatch.pipeline.search.query import parse
from wardwatch.pipeline.search.searching import Asked, Event, Scope, Search, around
from wardwatch.records.models import SearchRow
from wardwatch.usecases import audit
from wardwatch.usecases.access import Actor, authorise
from wardwatch.usecases.installation import home
from wardwatch.usecases.roles import Permission

SHOWN = 200
FACETS = ("host", "user", "source")
SPANS = {"1h": 1, "6h": 6, "24h": 24, "7d": 168, "30d": 720, "90d": 2160}
_LIMITS = Limits("512MB", seconds=20)
_AROUND = 300_000_000  # µs


@dataclass(frozen=True, slots=True)
class Hunt:
    """What a search found: events, newest first, how many in all, bars by time, and the most frequent values."""

    events: tuple[Event, ...]
    count: int
    bars: tuple[tuple[int, int], ...]
    facets: tuple[tuple[str, tuple[tuple[str | None, int], ...]], ...]


@contextmanager
def _searching(tenants: Sequence[str]) -> Iterator[Search]:
    privacies = [Privacy(home() / "keys", tenant) for tenant in tenants]
    search = Search(
        home() / "lake",
        Scope(frozenset(tenants)),
        _LIMITS,
        lambda value: [token for one in privacies for token in one.tokens(value)],
    )
    try:
        yield search
    finally:
        search.close()


def _tenants(actor: Actor, tenant: str) -> list[str]:
    authorise(actor, Permission.HUNT, tenant or None)
    return [tenant] if tenant else sorted(actor.scope(Permission.HUNT))


def hunt(actor: Actor, query: str, tenant: str, span: str, now: datetime) -> Hunt:
    """Search where the actor may. Raises `InputError` for what is no query, and for one that takes too long."""
    tenants = _tenants(actor, tenant)
    until = stamps.micros(now)
    asked = Asked(parse(query), until - SPANS.get(span, 24) * 3_600_000_000, None)
    _note(actor, tenant, query or "*", span, now)
    with _searching(tenants) as search:
        events = tuple(search.events(asked, SHOWN))
        if not events:
            return Hunt((), 0, (), ())
        facets = tuple((name, tuple(search.top(asked, name, 6))) for name in FACETS)
        return Hunt(events, search.count(asked), tuple(search.histogram(asked)), facets)


def look_around(actor: Actor, tenant: str, host: str, at: int, now: datetime) -> Hunt:
    """What happened on a host five minutes before and after a moment (µs UTC), the oldest first."""
    tenants = _tenants(actor, tenant)
    asked = around(host, at, _AROUND, _AROUND)
    _note(actor, tenant, f"around {stamps.iso_text(at)} on {host}", "", now)
    with _searching(tenants) as search:
        events = tuple(search.events(asked, SHOWN, oldest_first=True))
        return Hunt(events, len(events), tuple(search.histogram(asked)) if events else (), ())


def _note(actor: Actor, tenant: str, query: str, span: str, now: datetime) -> None:
    audit.note(actor, "events.searched", query, now=now, tenant=tenant, detail={"span": span})


@dataclass(frozen=True, slots=True)
class Saved:
    """A search that a person keeps."""

    id: int
    name: str
    query: str
    span: str


def saved(actor: Actor) -> tuple[Saved, ...]:
    """The searches that the actor keeps, by name."""
    rows = SearchRow.objects.filter(owner=actor.id).order_by("name").values_list("id", "name", "query", "span")
    return tuple(Saved(*row) for row in rows[:100])


@transaction.atomic
def keep(actor: Actor, name: str, query: str, span: str, now: datetime) -> None:
    """Keep a search. Raises `InputError` for one without a name, or that is none."""
    if not name.strip():
        raise InputError("give the search a name", fr="donnez un nom à la recherche", where="name")
    parse(query)
    SearchRow.objects.update_or_create(
        owner=actor.id,
        name=name.strip()[:80],
        defaults={"query": query[:2000], "span": span if span in SPANS else "24h"},
    )
    audit.note(actor, "search.kept", name.strip()[:80], now=now, detail={"query": query[:500]})


@transaction.atomic
def forget(actor: Actor, id_: int, now: datetime) -> None:
    """Keep a search no more."""
    row = SearchRow.objects.filter(owner=actor.id, id=id_).first()
    if row is None:
        raise AccessError("not found, or not yours")
    audit.note(actor, "search.forgotten", row.name, now=now)
    row.delete()


def rule_of(actor: Actor, query: str, title: str, level: str, now: datetime) -> str:
    """Write a search as a Sigma rule. Raises `InputError` for what Sigma cannot say."""
    authorise(actor, Permission.TUNE)
    if not title.strip():
        raise InputError("a saved rule has a title", fr="une règle enregistrée a un titre", where="title")
    tenants = _tenants(actor, "")
    node = parse(query)
    with _searching(tenants) as search:
        found = search.events(Asked(node), SHOWN)
        named = saving.Named(title.strip()[:120], level, date=now.date().isoformat())
        return saving.rule(node, named, [event.logsource for event in found], search.tokens)
