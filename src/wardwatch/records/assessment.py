"""Rows of assessments: campaigns, a hospital's answers with their history, delegations, files, signatures."""

import uuid
from typing import ClassVar

from django.db import models


class CampaignRow(models.Model):
    """One measuring: a framework at a version and depth; of one hospital, or of all hospitals of a grouping."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(max_length=120)
    framework = models.CharField(max_length=64)
    version = models.PositiveIntegerField()
    depth = models.CharField(max_length=8)
    grouping = models.CharField(max_length=64, blank=True, db_index=True)  # empty: a hospital's own
    opened_at = models.BigIntegerField(db_index=True)  # all times: µs UTC
    closes_at = models.BigIntegerField(null=True)
    by = models.CharField(max_length=80)


class AssessmentRow(models.Model):
    """A hospital in a campaign. `figures`: the scores of its answers, renewed with each (`queries.assessment`)."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    campaign = models.ForeignKey(CampaignRow, models.CASCADE, related_name="assessments")
    tenant = models.CharField(max_length=64, db_index=True)
    depth = models.CharField(max_length=8)
    started_at = models.BigIntegerField()
    changed_at = models.BigIntegerField()
    figures = models.JSONField()

    class Meta:
        """Once in a campaign."""

        constraints: ClassVar = [models.UniqueConstraint(fields=["campaign", "tenant"], name="assessment_once")]


class AnswerRow(models.Model):
    """The answer to a question that counts now."""

    assessment = models.ForeignKey(AssessmentRow, models.CASCADE, related_name="answers")
    question = models.CharField(max_length=64)
    kind = models.CharField(max_length=16)
    step = models.SmallIntegerField(null=True)
    reason = models.CharField(max_length=500, blank=True)
    note = models.CharField(max_length=2000, blank=True)
    by = models.CharField(max_length=80)
    by_name = models.CharField(max_length=160)
    at = models.BigIntegerField()

    class Meta:
        """One for each question."""

        constraints: ClassVar = [models.UniqueConstraint(fields=["assessment", "question"], name="answer_once")]


class AnswerHistoryRow(models.Model):
    """An answer as it was given; never changed."""

    assessment = models.ForeignKey(AssessmentRow, models.CASCADE, related_name="history")
    question = models.CharField(max_length=64)
    kind = models.CharField(max_length=16)
    step = models.SmallIntegerField(null=True)
    reason = models.CharField(max_length=500, blank=True)
    note = models.CharField(max_length=2000, blank=True)
    by = models.CharField(max_length=80)
    by_name = models.CharField(max_length=160)
    at = models.BigIntegerField()

    class Meta:
        """By question."""

        indexes: ClassVar = [models.Index(fields=["assessment", "question", "at"], name="answer_history")]


class DelegationRow(models.Model):
    """A question that somebody was asked to answer."""

    assessment = models.ForeignKey(AssessmentRow, models.CASCADE, related_name="delegations")
    question = models.CharField(max_length=64)
    to = models.CharField(max_length=80, db_index=True)
    to_name = models.CharField(max_length=160)
    by = models.CharField(max_length=80)
    at = models.BigIntegerField()

    class Meta:
        """To one person."""

        constraints: ClassVar = [models.UniqueConstraint(fields=["assessment", "question"], name="delegation_once")]


class AnswerFileRow(models.Model):
    """A file that shows an answer; it lies in the home under its SHA-256."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    assessment = models.ForeignKey(AssessmentRow, models.CASCADE, related_name="files")
    question = models.CharField(max_length=64)
    name = models.CharField(max_length=255)
    sha256 = models.CharField(max_length=64)
    size = models.BigIntegerField()
    by = models.CharField(max_length=80)
    by_name = models.CharField(max_length=160)
    at = models.BigIntegerField()


class SignOffRow(models.Model):
    """A signature of the management body (NIS 2, Art. 20); never changed."""

    assessment = models.ForeignKey(AssessmentRow, models.CASCADE, related_name="signed")
    by = models.CharField(max_length=80)
    by_name = models.CharField(max_length=160)
    function = models.CharField(max_length=120)
    at = models.BigIntegerField()
    text = models.CharField(max_length=1000)
    seal = models.CharField(max_length=32)
    score = models.SmallIntegerField()
