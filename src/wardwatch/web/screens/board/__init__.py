"""The continuity board: services, not IP addresses; what the wards do now; prints on one A4."""

from wardwatch.kernel.errors import AccessError
from wardwatch.usecases import care
from wardwatch.usecases.roles import Permission
from wardwatch.web.screen import Act, Answer, Asked, Page, Screen, back

LINES = 8  # what can be read at three metres
STATES = ("normal", "degraded", "down", "unknown")


def choose(asked: Asked) -> Answer:
    """Every hospital whose board this person sees; the only one at once."""
    scope = asked.actor.scope(Permission.SEE_BOARD)
    boards = care.boards(scope, asked.now)
    if len(boards) == 1:
        return _page(asked, boards[0])
    return Page("board/choose.html", {"boards": boards})


def board(asked: Asked, tenant: str) -> Answer:
    """The board of a hospital."""
    return _page(asked, care.board(asked.actor, tenant, asked.now))


def _page(asked: Asked, found: care.Board) -> Page:
    tenant = found.hospital.slug
    may = asked.actor.can(Permission.STATE_CARE, tenant)
    data = {"hospital": found.hospital, "services": found.services, "worst": found.worst, "may": may}
    troubled = [one for one in found.services if one.state in {"down", "degraded"}]
    rest = [one for one in found.services if one.state not in {"down", "degraded"}]
    data["shown"] = [*troubled, *rest[: max(0, LINES - len(troubled))]]
    data["rest"] = rest[max(0, LINES - len(troubled)) :]
    for state in STATES:
        data[state] = found.of(state)
    return Page("board/board.html", data)


def say(asked: Asked, tenant: str) -> Answer:
    """Say how a service is: two taps."""
    care.say(asked.actor, tenant, asked.sent("service"), asked.sent("state"), asked.sent("text"), now=asked.now)
    return back(asked, f"/board/{tenant}")


def report(asked: Asked, tenant: str, service: str) -> Answer:
    """Report how one service is: the page behind the first tap."""
    found = care.board(asked.actor, tenant, asked.now)
    one = next((one for one in found.services if one.id == service), None)
    if one is None or not asked.actor.can(Permission.STATE_CARE, tenant):
        raise AccessError("not found, or not yours")
    return Page("board/report.html", {"hospital": found.hospital, "service": one, "states": STATES})


SCREENS = (
    Screen("board", "board", Permission.SEE_BOARD, choose),
    Screen("board/<slug:tenant>", "board-of", Permission.SEE_BOARD, board),
    Screen("board/<slug:tenant>/report/<str:service>", "board-report", Permission.STATE_CARE, report),
    Act("board/<slug:tenant>/say", "board-say", Permission.STATE_CARE, say),
)
