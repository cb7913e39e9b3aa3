"""The NIS 2 file of a house: who it is by law, its registration, what is missing by when, its suppliers."""

from datetime import date
from typing import Any

from wardwatch.assessment import policies
from wardwatch.assessment.entity import Entity
from wardwatch.assessment.states import shipped
from wardwatch.kernel.errors import InputError
from wardwatch.records.queries import people
from wardwatch.reports import nis2_file
from wardwatch.reports.nis2_file import Due, Gap, Registration, Supplier
from wardwatch.usecases import nis2 as usecase
from wardwatch.usecases.papers import PAPER, WRITE
from wardwatch.usecases.roles import Permission
from wardwatch.web.attached import attached
from wardwatch.web.screen import Act, Answer, Asked, Page, Screen, Table, back

_SEE, _EDIT = Permission.SEE_ASSESSMENT, Permission.ANSWER
_ONE = "nis2/<str:tenant>"
_FIELDS = ("address", "registration_number", "registered_on", "contact", "ranges", "services")


def choose(asked: Asked) -> Answer:
    """The houses that have a file."""
    found = people.organisations(asked.actor.scope(_SEE))
    return Page("nis2/choose.html", {"hospitals": [{"slug": one.slug, "name": one.name} for one in found]})


def _gap(asked: Asked, gap: Gap, due: Due | None) -> dict[str, Any]:
    return {
        "id": gap.question.id,
        "ask": gap.question.ask,
        "articles": nis2_file.articles(gap.question),
        "step": gap.step,
        "due": due.due if due else None,
        "owner": due.owner if due else "",
        "late": due is not None and due.due < asked.now.date(),
    }


def one(asked: Asked, tenant: str) -> Answer:
    """The file of one house."""
    found = usecase.opened(asked.actor, tenant)
    state = shipped().get(found.country)
    gaps = [_gap(asked, gap, found.dues.get(gap.question.id)) for gap in nis2_file.gaps(found.answers)]
    data: dict[str, Any] = {
        "tenant": tenant,
        "hospital": found.hospital,
        "country": found.country,
        "standing": found.verdict.standing.value,
        "rule": found.verdict.rule,
        "why": found.verdict.why,
        "missing": found.verdict.missing,
        "entity": found.entity,
        "registration": found.registration,
        "state": state,
        "gaps": gaps,
        "dated": sum(gap["due"] is not None for gap in gaps),
        "suppliers": found.suppliers,
        "assessed": [framework.name for framework, _ in found.answers.values()],
        "may_edit": asked.actor.can(_EDIT, tenant),
    }
    more = {
        "policies": [{"id": two.id, "name": two.name, "letters": two.letters} for two in policies.shipped().values()],
        "fields": [(name, getattr(found.registration, name)) for name in _FIELDS],
    }
    rows = [[gap["id"], " ".join(gap["articles"]), gap["step"], gap["due"] or "", gap["owner"]] for gap in gaps]
    return Page("nis2/one.html", data, Table(("question", "articles", "step", "due", "owner"), rows), more)


def paper(asked: Asked, tenant: str, which: str, form: str) -> Answer:
    """The file, or the statement of applicability, on paper; noted."""
    made = usecase.documents(asked.actor, tenant, asked.language, asked.now)
    if which not in made or form not in WRITE:
        raise InputError("no such document", fr="ce document n’existe pas", where=f"{which}.{form}")
    return attached(WRITE[form](made[which]), PAPER[form], f"nis2-{which}-{tenant}")


def policy(asked: Asked, tenant: str, policy: str, form: str) -> Answer:
    """A policy to begin with, on paper; noted."""
    made = usecase.policy(asked.actor, tenant, policy, asked.language, asked.now)
    if form not in WRITE:
        raise InputError("no such document", fr="ce document n’existe pas", where=form)
    return attached(WRITE[form](made), PAPER[form], f"policy-{policy}-{tenant}")


def _number(text: str, name: str) -> int | None:
    plain = "".join(text.split()).replace("\u202f", "")
    if not plain:
        return None
    if not (plain.isascii() and plain.isdigit() and len(plain) <= 12):  # noqa: PLR2004
        raise InputError("not a whole number", fr="pas un nombre entier", where=name)
    return int(plain)


def _day(text: str, name: str) -> date | None:
    if not text:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise InputError("not a date", fr="pas une date", where=name) from None


def describe(asked: Asked, tenant: str) -> Answer:
    """Say who the house is."""
    own = Entity(
        provider=asked.sent("provider") == "on",
        staff=_number(asked.sent("staff"), "staff"),
        turnover=_number(asked.sent("turnover"), "turnover"),
        balance=_number(asked.sent("balance"), "balance"),
        critical=asked.sent("critical") == "on",
        identified=asked.sent("identified"),
        operator=asked.sent("operator") == "on",
    )
    name = usecase.opened(asked.actor, tenant).registration.name
    registration = Registration(name, **{field: asked.sent(field, longest=240) for field in _FIELDS})
    usecase.describe(asked.actor, tenant, own, registration, asked.now)
    return back(asked, f"/nis2/{tenant}")


def add(asked: Asked, tenant: str) -> Answer:
    """Put a supplier into the register."""
    given = Supplier(
        name=asked.sent("name", longest=160),
        what=asked.sent("what", longest=240),
        contact=asked.sent("supplier_contact", longest=240),
        reaches_in=asked.sent("reaches_in") == "on",
        holds_data=asked.sent("holds_data") == "on",
        stops_care=asked.sent("stops_care") == "on",
        notifies=_number(asked.sent("notifies"), "notifies"),
        until=_day(asked.sent("until"), "until"),
    )
    usecase.add_supplier(asked.actor, tenant, given, asked.now)
    return back(asked, f"/nis2/{tenant}#suppliers")


def remove(asked: Asked, tenant: str, supplier: str) -> Answer:
    """Take a supplier out."""
    usecase.remove_supplier(asked.actor, tenant, supplier, asked.now)
    return back(asked, f"/nis2/{tenant}#suppliers")


def due(asked: Asked, tenant: str, question: str) -> Answer:
    """Say by when a gap is closed."""
    day = _day(asked.sent("due"), "due")
    usecase.set_due(asked.actor, tenant, question, day, asked.sent("owner", longest=160), now=asked.now)
    return back(asked, f"/nis2/{tenant}#gaps")


SCREENS = (
    Screen("nis2", "nis2", _SEE, choose),
    Screen(_ONE, "nis2-one", _SEE, one, csv=True),
    Screen(f"{_ONE}/paper/<str:which>/<str:form>", "nis2-paper", _SEE, paper),
    Screen(f"{_ONE}/policy/<str:policy>/<str:form>", "nis2-policy", _SEE, policy),
    Act(f"{_ONE}/describe", "nis2-describe", _EDIT, describe),
    Act(f"{_ONE}/suppliers", "nis2-supplier", _EDIT, add),
    Act(f"{_ONE}/suppliers/<str:supplier>/remove", "nis2-supplier-remove", _EDIT, remove),
    Act(f"{_ONE}/due/<str:question>", "nis2-due", _EDIT, due),
)
