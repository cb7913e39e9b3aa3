"""The estate changes: open groups are weighed anew, others keep what they had."""

from tests.watch.day import memory
from tests.watch.watching import TENANT, Watching

from wardwatch.estate.care import Care, Criticality, Stands
from wardwatch.watch import messages
from wardwatch.watch.effects import Refused
from wardwatch.watch.needing import needs
from wardwatch.watch.stepping import step


def changed(name: str, *hosts: str) -> messages.CareChanged:
    return messages.CareChanged(id=name, tenant=TENANT, hosts=hosts)


def test_open_groups_weigh_a_host_anew_and_their_roots_with_them() -> None:
    watching = Watching()
    root, below = watching.alert("a", "pc-1"), watching.alert("b", "dc02")
    watching.act(messages.Merged, into=root.id, groups=(below.id,))
    before = watching.group(root.id).score
    urgent = Care("dc02", True, (Stands("icu", Criticality.VITAL, 5),), 200, 5)
    watching.store._care = lambda _tenant, _host: urgent
    assert watching.hear(changed("one", "dc02", "elsewhere")) == ()
    assert watching.group(root.id).score == 2 * before
    assert watching.group(root.id).parts[-1].value == "icu:dc02"
    assert watching.hear(changed("one", "dc02")) == ()


def test_closed_groups_and_hosts_that_did_not_change_stay() -> None:
    watching = Watching()
    group = watching.alert("a", "dc02")
    before = watching.group(group.id)
    watching.hear(changed("one", "dc02"))
    assert watching.group(group.id) is before
    watching.act(messages.Settled, group=group.id)
    settled = watching.group(group.id)
    watching.store._care = lambda _tenant, _host: Care("dc02", True, (), 150)
    watching.hear(changed("two", "dc02"))
    assert watching.group(group.id) is settled


def test_another_hospital_is_refused() -> None:
    store = memory()
    slice_ = store.load(TENANT, needs(changed("x", "dc01")))
    other = messages.CareChanged(id="x", tenant="other", hosts=("dc01",))
    assert step(slice_, other, 0) == (slice_, (Refused("other_tenant"),))
