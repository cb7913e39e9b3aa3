"""On call: who is called when nobody takes something grave."""

import re

from wardwatch.records.queries import estate as queries
from wardwatch.usecases import oncall
from wardwatch.usecases.oncall import CHANNELS, Said
from wardwatch.usecases.roles import Permission
from wardwatch.web.screen import Act, Answer, Asked, Page, Screen, back

_P = Permission.MANAGE_PEOPLE


def choose(asked: Asked) -> Answer:
    """The hospitals whose rota the person keeps."""
    return Page("oncall/choose.html", {"hospitals": queries.hospitals(asked.actor.scope(_P))})


def one(asked: Asked, tenant: str) -> Answer:
    """The rota of a hospital."""
    return Page("oncall/one.html", {"rota": oncall.shown(asked.actor, tenant, asked.now)}, more={"channels": CHANNELS})


def keep(asked: Asked, tenant: str) -> Answer:
    """Set it."""
    post = asked.request.POST
    said = Said(
        tuple(one for one in re.split(r"[\s,;]+", asked.sent("people")) if one),
        asked.number(asked.sent("turn_days")),
        tuple(post.getlist("day")),
        tuple(post.getlist("night")),
        asked.number(asked.sent("minutes")),
        asked.sent("call_from"),
    )
    oncall.keep(asked.actor, tenant, said, asked.now)
    return back(asked, f"/oncall/{tenant}")


SCREENS = (
    Screen("oncall", "oncall", _P, choose),
    Screen("oncall/<slug:tenant>", "oncall-of", _P, one),
    Act("oncall/<slug:tenant>/keep", "oncall-keep", _P, keep),
)
