"""Search the events that are kept: with bars by time, the most frequent values, saved searches, and a rule of it."""

from typing import Any

from django.http import HttpResponse

from wardwatch.kernel import stamps
from wardwatch.kernel.errors import AccessError, InputError
from wardwatch.records.queries import estate as queries
from wardwatch.usecases import hunting
from wardwatch.usecases.hunting import Hunt
from wardwatch.usecases.roles import Permission
from wardwatch.web.screen import Act, Answer, Asked, Page, Screen, Table, back

_COLUMNS = ("occurred_at", "tenant", "host", "user", "source", "fields")
_WIDE = 1000  # of the chart


def hunt(asked: Asked) -> Answer:
    """Search, or say what is wrong with the query; nothing is searched until somebody asks."""
    query, span, tenant = asked.get("q", longest=2000), asked.get("span", "24h"), asked.get("tenant")
    scope = asked.actor.scope(Permission.HUNT)
    data: dict[str, Any] = {
        "query": query,
        "span": span if span in hunting.SPANS else "24h",
        "tenant": tenant,
        "hospitals": queries.hospitals(scope),
        "saved": hunting.saved(asked.actor),
        "found": None,
        "wrong": None,
    }
    if tenant and tenant not in scope:
        raise AccessError("not found, or not yours")
    found: Hunt | None = None
    try:
        around = asked.number(asked.get("around"))
        if around and asked.get("host"):
            found = hunting.look_around(asked.actor, tenant, asked.get("host"), around, asked.now)
            data["around"] = around
        elif query or asked.get("go"):
            found = hunting.hunt(asked.actor, query, tenant, span, asked.now)
    except InputError as error:
        data["wrong"] = error
    if found is not None:
        data["found"] = found
        data["chart"] = _chart(found)
    rows = [
        [stamps.iso_text(one.occurred_at), one.tenant, one.host, one.user, one.source, dict(one.fields)]
        for one in (found.events if found else ())
    ]
    more = {"spans": list(hunting.SPANS), "may_rule": asked.actor.can(Permission.TUNE)}
    return Page("hunt/hunt.html", data, Table(_COLUMNS, rows), more, 422 if data["wrong"] else 200)


def _chart(found: Hunt) -> list[dict[str, int]]:
    """The bars of the histogram, in units of the chart: 100 high, `_WIDE` wide."""
    bars = found.bars[-120:]
    highest = max((count for _, count in bars), default=0)
    if not highest:
        return []
    wide = _WIDE // len(bars)
    return [
        {
            "x": number * wide,
            "w": max(1, wide - 1),
            "h": max(1 if count else 0, 100 * count // highest),
            "n": count,
            "at": at,
        }
        for number, (at, count) in enumerate(bars)
    ]


def keep(asked: Asked) -> Answer:
    """Keep a search under a name."""
    hunting.keep(asked.actor, asked.sent("name"), asked.sent("q", longest=2000), asked.sent("span"), asked.now)
    return back(asked, "/hunt")


def forget(asked: Asked, search: str) -> Answer:
    """Keep it no more."""
    hunting.forget(asked.actor, asked.number(search), asked.now)
    return back(asked, "/hunt")


def rule(asked: Asked) -> Answer:
    """The search as a Sigma rule, to download, look at and put into the folder of rules."""
    text = hunting.rule_of(asked.actor, asked.sent("q", longest=2000), asked.sent("title"), "medium", asked.now)
    response = HttpResponse(text, content_type="application/yaml; charset=utf-8")
    response.headers["Content-Disposition"] = 'attachment; filename="rule.yml"'
    return response


SCREENS = (
    Screen("hunt", "hunt", Permission.HUNT, hunt, csv=True),
    Act("hunt/keep", "hunt-keep", Permission.HUNT, keep),
    Act("hunt/<str:search>/forget", "hunt-forget", Permission.HUNT, forget),
    Act("hunt/rule", "hunt-rule", Permission.TUNE, rule),
)
