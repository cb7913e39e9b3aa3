"""Rows of the audit log: a chain in which each entry carries the hash of the one before it."""

from django.db import models


class AuditRow(models.Model):
    """Who did or looked at what, when. Never changed, never removed."""

    number = models.BigIntegerField(primary_key=True)  # 1, 2, 3 …: a gap is damage
    at = models.BigIntegerField()  # microseconds since 1970, UTC
    tenant = models.CharField(max_length=64, blank=True, db_index=True)
    actor = models.CharField(max_length=80)  # id of a user or token, or the name of a process
    actor_name = models.CharField(max_length=160)
    action = models.CharField(max_length=60, db_index=True)
    subject = models.CharField(max_length=200)
    detail = models.JSONField()
    previous = models.CharField(max_length=64)
    hash = models.CharField(max_length=64)


class AuditHeadRow(models.Model):
    """The end of the chain; who appends locks this one row."""

    id = models.SmallIntegerField(primary_key=True)
    number = models.BigIntegerField()
    hash = models.CharField(max_length=64)
