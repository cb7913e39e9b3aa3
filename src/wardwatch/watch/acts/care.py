"""The estate changed: groups that are open weigh their hosts anew."""

from dataclasses import replace

from wardwatch.estate.care import Care
from wardwatch.watch import joining, members
from wardwatch.watch.groups import Group
from wardwatch.watch.messages import CareChanged
from wardwatch.watch.working import Work


def changed(work: Work, message: CareChanged) -> None:
    """Take over what stands on the hosts now, wherever they are in a group that takes in alerts."""
    for group in sorted(work.groups.values(), key=lambda one: one.id):
        if not joining.joinable(work, group):
            continue
        weighed = group
        for host in message.hosts:
            if host in group.own.hosts and host in work.before.care:
                weighed = _weighed(weighed, host, work.before.care[host])
        if weighed != group:
            work.put(weighed)
            work.refresh(weighed)


def _weighed(group: Group, host: str, care: Care) -> Group:
    found = members.host_in(group.own.hosts[host].count, care)
    return replace(group, own=replace(group.own, hosts={**group.own.hosts, host: found}))
