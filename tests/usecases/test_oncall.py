"""A rota that is set on its page is the one that the watch calls by."""

import pytest
from tests.cast import FAR, HERE, NOW, Cast
from tests.watch import day as simulated

from wardwatch.kernel.errors import AccessError, InputError
from wardwatch.kernel.severity import Level
from wardwatch.records.case_store import policy_of
from wardwatch.records.models import NoticeRow
from wardwatch.usecases import oncall, watch
from wardwatch.usecases.oncall import Said
from wardwatch.watch.messages import AlertArrived

SAID = Said(("admin_on_call@hospital.example", "ciso@hospital.example"), 7, ("mail",), ("sms", "mail"), 15, "high")


def test_who_is_set_is_called_for_what_is_grave(cast: Cast) -> None:
    oncall.keep(cast.actor("ciso"), HERE, SAID, NOW)
    shown = oncall.shown(cast.actor("ciso"), HERE, NOW)
    assert (shown.people, shown.now, shown.call_from) == (SAID.people, ("Admin_on_call",), Level.HIGH)
    assert policy_of(HERE).rota.country == "FR"
    grave = [
        message.alert
        for _, message in simulated.day(noise=0)
        if isinstance(message, AlertArrived) and message.alert.level is Level.CRITICAL
    ][:1]
    here = [
        type(one)(**{name: getattr(one, name) for name in one.__dataclass_fields__} | {"tenant": HERE}) for one in grave
    ]
    watch.take_alerts(HERE, here, "1", 1, NOW)
    called = set(NoticeRow.objects.filter(urgent=True).values_list("who", "channel"))
    assert called == {(str(cast["admin_on_call"].id), "mail")}, "it is noon on a Monday: mail"


@pytest.mark.parametrize(
    ("change", "where"),
    [
        ({"people": ("outsider@hospital.example",)}, "outsider@hospital.example"),
        ({"people": ("nobody@nowhere.example",)}, "nobody@nowhere.example"),
        ({"turn_days": 0}, "turn"),
        ({"minutes": 0}, "turn"),
        ({"day": ()}, "channels"),
        ({"night": ("pigeon",)}, "channels"),
        ({"call_from": "terrible"}, "level"),
    ],
)
def test_what_makes_no_rota_is_refused_and_changes_nothing(cast: Cast, change: dict[str, object], where: str) -> None:
    said = Said(**{name: getattr(SAID, name) for name in SAID.__dataclass_fields__} | change)  # type: ignore[arg-type]
    with pytest.raises(InputError) as error:
        oncall.keep(cast.actor("ciso"), HERE, said, NOW)
    assert error.value.where == where
    assert policy_of(HERE).rota.shifts == ()


def test_only_who_manages_people_here_sets_it(cast: Cast) -> None:
    for person, tenant in (("analyst", HERE), ("ciso", FAR), ("outsider", HERE)):
        with pytest.raises(AccessError):
            oncall.keep(cast.actor(person), tenant, SAID, NOW)


@pytest.mark.parametrize("phone", ["0612345678", "+33", "+" + "1" * 20])
def test_a_number_that_is_none_is_refused(cast: Cast, phone: str) -> None:
    with pytest.raises(InputError):
        oncall.set_phone(cast.actor("analyst"), phone, NOW)


def test_a_number_is_kept_without_blanks(cast: Cast) -> None:
    oncall.set_phone(cast.actor("analyst"), "+33 6 12 34 56 78", NOW)
    cast["analyst"].refresh_from_db()
    assert cast["analyst"].phone == "+33612345678"
