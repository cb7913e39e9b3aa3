"""Rows of what NIS 2 asks of a house beside its answers: who it is, its suppliers, and dates for what is missing."""

import uuid
from typing import ClassVar

from django.db import models


class EntityRow(models.Model):
    """A house as the authority registers it; `plain`: `wardwatch/entity/1`."""

    tenant = models.CharField(max_length=64, primary_key=True)
    plain = models.JSONField()
    changed_at = models.BigIntegerField()  # µs UTC
    by_name = models.CharField(max_length=160)


class SupplierRow(models.Model):
    """A supplier of a house. `notifies` in hours: how soon it must tell of an incident, by contract."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    tenant = models.CharField(max_length=64, db_index=True)
    name = models.CharField(max_length=160)
    what = models.CharField(max_length=240)
    contact = models.CharField(max_length=240, blank=True)
    reaches_in = models.BooleanField()  # into the network
    holds_data = models.BooleanField()  # of patients
    stops_care = models.BooleanField()  # if it stops
    notifies = models.PositiveIntegerField(null=True)
    until = models.DateField(null=True)  # the contract
    added_at = models.BigIntegerField()


class DueRow(models.Model):
    """By when a gap is to be closed, and by whom."""

    tenant = models.CharField(max_length=64)
    question = models.CharField(max_length=64)
    due = models.DateField()
    owner = models.CharField(max_length=160)

    class Meta:
        """One for each question."""

        constraints: ClassVar = [models.UniqueConstraint(fields=["tenant", "question"], name="due_once")]
