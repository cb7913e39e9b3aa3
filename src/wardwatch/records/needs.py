"""Rows of what a group does together: who takes part in a campaign and what may be said of it, and what was said."""

from typing import ClassVar

from django.db import models

from wardwatch.records.assessment import CampaignRow


class ParticipationRow(models.Model):
    """A hospital that was invited to a campaign, and whether it lets its figures be shared. Times in µs UTC."""

    campaign = models.ForeignKey(CampaignRow, models.CASCADE, related_name="participants")
    tenant = models.CharField(max_length=64, db_index=True)
    invited_at = models.BigIntegerField()
    reminded_at = models.BigIntegerField(null=True)
    consent = models.CharField(max_length=8, blank=True)  # none, counted, named; empty: nobody has said
    said_at = models.BigIntegerField(null=True)
    said_by = models.CharField(max_length=80, blank=True)
    said_by_name = models.CharField(max_length=160, blank=True)

    class Meta:
        """Once in a campaign."""

        constraints: ClassVar = [models.UniqueConstraint(fields=["campaign", "tenant"], name="participation_once")]


class ReleaseRow(models.Model):
    """What was said of a group without naming anybody: once for a campaign, never changed.

    `plain`: `wardwatch/needs-release/1`. `cells`: the hospitals behind each of its parts; never shown.
    """

    campaign = models.OneToOneField(CampaignRow, models.CASCADE, related_name="release")
    at = models.BigIntegerField(db_index=True)
    by = models.CharField(max_length=80)
    by_name = models.CharField(max_length=160)
    epsilon = models.FloatField(default=0.0)
    plain = models.JSONField()
    cells = models.JSONField()
