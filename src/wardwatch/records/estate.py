"""Rows of the estate: assets, clinical services, and what state these are said to be in; inside is JSON."""

from typing import ClassVar

from django.db import models


class EstateRow(models.Model):
    """A hospital's estate as a whole: its version goes up with every change; how far events were learned from."""

    tenant = models.CharField(max_length=64, primary_key=True)
    version = models.BigIntegerField(default=0)
    learned_until = models.BigIntegerField(default=0)  # µs UTC of arrival


class AssetRow(models.Model):
    """An asset."""

    id = models.CharField(max_length=32, primary_key=True)
    tenant = models.CharField(max_length=64)
    name = models.CharField(max_length=64)
    kind = models.CharField(max_length=16)
    zone = models.CharField(max_length=64, blank=True)
    system = models.CharField(max_length=64, blank=True)
    known = models.CharField(max_length=16)
    last_at = models.BigIntegerField(null=True)
    plain = models.JSONField()

    class Meta:
        """By hospital and name."""

        indexes: ClassVar = [models.Index(fields=["tenant", "name"], name="asset_by_name")]


class ServiceRow(models.Model):
    """A clinical service, and the state that somebody said it is in (`at` in µs UTC; none: nobody said)."""

    tenant = models.CharField(max_length=64)
    service = models.CharField(max_length=64)
    plain = models.JSONField()
    state = models.CharField(max_length=10, blank=True)
    at = models.BigIntegerField(null=True)
    since = models.BigIntegerField(null=True)
    by = models.CharField(max_length=80, blank=True)
    text = models.CharField(max_length=300, blank=True)

    class Meta:
        """Once for each hospital."""

        constraints: ClassVar = [models.UniqueConstraint(fields=["tenant", "service"], name="service_once")]
