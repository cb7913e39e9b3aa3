"""Rows of the case half: alerts, groups, incidents, timelines, timers, and what waits to be sent.

What is inside a value is JSON of its own format (`watch.plain`); what lists are filtered and sorted by are columns.
Times are µs UTC.
"""

from typing import ClassVar

from django.db import models


class CaseRow(models.Model):
    """A hospital under watch: its policy, how far its alerts were read; its lock, one step at a time."""

    tenant = models.CharField(max_length=64, primary_key=True)
    policy = models.JSONField(null=True)
    called = models.JSONField(default=dict)  # account → when it was called last
    file = models.CharField(max_length=80, default="")
    offset = models.BigIntegerField(default=0)


class AlertRow(models.Model):
    """An alert as the watch keeps it."""

    id = models.CharField(max_length=32, primary_key=True)
    tenant = models.CharField(max_length=64)
    group = models.CharField(max_length=32, db_index=True)
    place = models.CharField(max_length=16)
    level = models.SmallIntegerField()
    rule_id = models.CharField(max_length=120)
    host = models.CharField(max_length=255)
    user = models.CharField(max_length=255)
    occurred_at = models.BigIntegerField()
    event = models.CharField(max_length=32)
    plain = models.JSONField()

    class Meta:
        """A correlation looks for alerts by their event; lists by rule."""

        indexes: ClassVar = [
            models.Index(fields=["tenant", "event"], name="alert_by_event"),
            models.Index(fields=["tenant", "rule_id", "occurred_at"], name="alert_by_rule"),
        ]


class GroupRow(models.Model):
    """Alerts that belong together. `standing` is the state of its root; merged groups are not in lists."""

    id = models.CharField(max_length=32, primary_key=True)
    tenant = models.CharField(max_length=64)
    family = models.CharField(max_length=32, db_index=True)
    merged = models.BooleanField()
    state = models.CharField(max_length=16)
    standing = models.CharField(max_length=16)
    score = models.IntegerField()
    level = models.SmallIntegerField()
    count = models.IntegerField()
    first_at = models.BigIntegerField()
    last_at = models.BigIntegerField()
    assignee = models.CharField(max_length=80, null=True)  # noqa: DJ001  (nobody is not an account)
    silenced_until = models.BigIntegerField(null=True)
    incident = models.CharField(max_length=32, null=True)  # noqa: DJ001  (none is not an incident)
    updated_at = models.BigIntegerField(db_index=True)
    plain = models.JSONField()

    class Meta:
        """The queue, best first; and what belongs to an incident."""

        indexes: ClassVar = [
            models.Index(fields=["tenant", "state", "merged", "-score", "-last_at", "id"], name="group_queue"),
            models.Index(fields=["state", "merged", "-score", "-last_at", "id"], name="group_queue_all"),
            models.Index(fields=["state", "merged", "silenced_until", "tenant", "level"], name="group_counts"),
            models.Index(fields=["incident"], name="group_of_incident"),
            models.Index(fields=["assignee", "state"], name="group_of_person"),
        ]


class LinkRow(models.Model):
    """That a mark leads to a group."""

    tenant = models.CharField(max_length=64)
    mark = models.CharField(max_length=400)
    group = models.ForeignKey(GroupRow, models.CASCADE, db_index=False)
    last_at = models.BigIntegerField()

    class Meta:
        """One link of a mark to a group; the latest first."""

        constraints: ClassVar = [models.UniqueConstraint(fields=["tenant", "mark", "group"], name="link_once")]
        indexes: ClassVar = [models.Index(fields=["tenant", "mark", "-last_at", "-group"], name="link_latest")]


class IncidentRow(models.Model):
    """An incident."""

    id = models.CharField(max_length=32, primary_key=True)
    tenant = models.CharField(max_length=64)
    title = models.CharField(max_length=300)
    state = models.CharField(max_length=16)
    level = models.SmallIntegerField()
    score = models.IntegerField()
    owner = models.CharField(max_length=80, null=True)  # noqa: DJ001
    opened_at = models.BigIntegerField()
    updated_at = models.BigIntegerField(db_index=True)
    plain = models.JSONField()

    class Meta:
        """Open ones first, the latest first."""

        indexes: ClassVar = [models.Index(fields=["tenant", "state", "-updated_at"], name="incident_list")]


class EntryRow(models.Model):
    """A line of a timeline: added, never changed. `number` is the order in which lines came."""

    number = models.BigAutoField(primary_key=True)
    id = models.CharField(max_length=32, unique=True)
    tenant = models.CharField(max_length=64)
    subject = models.CharField(max_length=32)
    kind = models.CharField(max_length=16)
    at = models.BigIntegerField()
    plain = models.JSONField()

    class Meta:
        """A timeline in its order."""

        indexes: ClassVar = [models.Index(fields=["subject", "number"], name="entry_timeline")]


class TimerRow(models.Model):
    """Something to be looked at again."""

    id = models.CharField(max_length=32, primary_key=True)
    tenant = models.CharField(max_length=64)
    subject = models.CharField(max_length=32, db_index=True)
    kind = models.CharField(max_length=16)
    due_at = models.BigIntegerField(db_index=True)
    ref = models.CharField(max_length=80)


class SeenRow(models.Model):
    """How often something was seen at a hospital."""

    tenant = models.CharField(max_length=64)
    mark = models.CharField(max_length=400, db_index=True)
    groups = models.IntegerField()
    first_at = models.BigIntegerField()
    last_at = models.BigIntegerField()
    false_positives = models.IntegerField()
    incidents = models.IntegerField()

    class Meta:
        """Once for each hospital."""

        constraints: ClassVar = [models.UniqueConstraint(fields=["tenant", "mark"], name="seen_once")]


class HandledRow(models.Model):
    """A message of a person that was followed: the same again changes nothing."""

    tenant = models.CharField(max_length=64)
    message = models.CharField(max_length=120)
    at = models.BigIntegerField(db_index=True)

    class Meta:
        """Once."""

        constraints: ClassVar = [models.UniqueConstraint(fields=["tenant", "message"], name="handled_once")]


class NoticeRow(models.Model):
    """Something to tell somebody, until it is told; `id` is the effect's, so that it is never told twice."""

    id = models.CharField(max_length=80, primary_key=True)
    tenant = models.CharField(max_length=64)
    who = models.CharField(max_length=80, db_index=True)
    channel = models.CharField(max_length=16)
    text = models.CharField(max_length=80)
    params = models.JSONField()
    subject = models.CharField(max_length=32)
    urgent = models.BooleanField()
    made_at = models.BigIntegerField()
    told_at = models.BigIntegerField(null=True, db_index=True)
    next_at = models.BigIntegerField(default=0)
    tries = models.SmallIntegerField(default=0)
    trouble = models.CharField(max_length=300, default="")


class ProposalRow(models.Model):
    """A tuning that somebody should look at, with its proof, before it holds."""

    id = models.CharField(max_length=80, primary_key=True)
    tenant = models.CharField(max_length=64, db_index=True)
    subject = models.CharField(max_length=32)
    rules = models.JSONField()
    alerts = models.JSONField()
    owner = models.CharField(max_length=80)
    reason = models.CharField(max_length=1000)
    made_at = models.BigIntegerField()
    settled_at = models.BigIntegerField(null=True)


class SearchRow(models.Model):
    """A search that a person keeps."""

    owner = models.CharField(max_length=80)
    name = models.CharField(max_length=80)
    query = models.CharField(max_length=2000)
    span = models.CharField(max_length=8)

    class Meta:
        """Once for each person and name."""

        constraints: ClassVar = [models.UniqueConstraint(fields=["owner", "name"], name="search_once")]


class HookRow(models.Model):
    """A webhook of a hospital, and the secret that its signatures are made with."""

    tenant = models.CharField(max_length=64, db_index=True)
    url = models.CharField(max_length=2000)
    secret = models.CharField(max_length=80)
