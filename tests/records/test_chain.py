from typing import Any

import pytest

from wardwatch.records import chain
from wardwatch.records.models import AuditHeadRow, AuditRow

pytestmark = pytest.mark.django_db


def entry(number: int) -> chain.Entry:
    return chain.Entry(number, "chu-nord-est", "a", "Léa", "alert.taken", f"group {number}", {"n": number, "é": "ü"})


def written(count: int) -> None:
    chain.append(*(entry(number) for number in range(count)))


def test_a_chain_is_whole() -> None:
    written(2)
    chain.append(entry(2))
    verdict = chain.verify()
    assert (verdict.entries, verdict.broken_at) == (3, None)
    assert verdict.last == AuditRow.objects.get(number=3).hash


def test_an_empty_chain_is_whole() -> None:
    assert chain.verify() == chain.Verdict(0, chain.FIRST)


@pytest.mark.parametrize(
    "change",
    [
        {"at": 9},
        {"tenant": "other"},
        {"actor": "b"},
        {"actor_name": "Eve"},
        {"action": "alert.seen"},
        {"subject": "x"},
        {"detail": {"n": 2}},
    ],
)
def test_every_change_breaks_it(change: dict[str, Any]) -> None:
    written(3)
    AuditRow.objects.filter(number=2).update(**change)
    assert (chain.verify().broken_at, chain.verify().why) == (2, "it was changed")


def test_a_changed_entry_with_a_new_seal_does_not_fit_the_next() -> None:
    written(3)
    row = AuditRow.objects.get(number=2)
    row.subject = "something else"
    row.hash = chain.seal(row.previous, 2, chain.plain(row))
    row.save()
    assert chain.verify().broken_at == 3


def test_what_is_removed_is_missed() -> None:
    written(3)
    AuditRow.objects.filter(number=2).delete()
    assert (chain.verify().broken_at, chain.verify().why) == (2, "an entry is missing")


def test_a_cut_end_is_missed() -> None:
    written(3)
    AuditRow.objects.filter(number=3).delete()
    assert (chain.verify().broken_at, chain.verify().why) == (3, "entries at the end are missing")
    assert AuditHeadRow.objects.get(id=1).number == 3
