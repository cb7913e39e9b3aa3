"""What people do to alerts and incidents from a page: do it and go back, or say why it was not done."""

import secrets
from collections.abc import Callable

from wardwatch.usecases.alerts import Acting
from wardwatch.usecases.watch import Outcome
from wardwatch.web.refusals import refused
from wardwatch.web.screen import Answer, Asked, back


def acting(asked: Asked) -> Acting:
    """Who does it, when, and under the key that the form carries: sent twice, it is done once."""
    return Acting(asked.actor, asked.now, asked.sent("key", longest=40) or secrets.token_hex(8))


def done(asked: Asked, place: str, act: Callable[[Acting], Outcome]) -> Answer:
    """Do it, and go back to `place`; or say what is to be mended, with nothing changed."""
    outcome = act(acting(asked))
    if outcome.refused is not None:
        return refused(asked, outcome.refused, place)
    return back(asked, place)
