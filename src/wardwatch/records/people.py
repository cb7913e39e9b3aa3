"""Rows of people: who may sign in, where they work, what they may do there."""

import uuid
from typing import ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.db import models
from django.db.models import Q


class UserManager(BaseUserManager["UserRow"]):
    """How users are found: by e-mail, in lower case."""

    def get_by_natural_key(self, username: str | None) -> "UserRow":
        """Return the user with this e-mail."""
        return self.get(email=(username or "").lower())


class UserRow(AbstractBaseUser):
    """A person who may sign in."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    email = models.EmailField(unique=True)
    name = models.CharField(max_length=120)
    language = models.CharField(max_length=2, default="en")
    theme = models.CharField(max_length=5, default="", blank=True)  # light, dark; empty: as the system has it
    phone = models.CharField(max_length=20, blank=True)  # for calls at night, in international form
    keys_on = models.BooleanField(default=True)  # whether single keys act in lists (WCAG 2.1.4)
    is_active = models.BooleanField(default=True)
    break_glass = models.BooleanField(default=False)  # a sealed account for when directory and provider are down
    created_at = models.DateTimeField()
    signed_out_at = models.BigIntegerField(default=0)  # µs UTC: sessions that began before are over

    objects = UserManager()

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = ["name"]


class OrganisationRow(models.Model):
    """A hospital, laboratory, security provider or authority. A hospital's slug is its tenant, and never changes."""

    slug = models.SlugField(max_length=64, primary_key=True)
    name = models.CharField(max_length=160)
    kind = models.CharField(max_length=16)  # hospital, laboratory, provider, authority
    country = models.CharField(max_length=2)
    size = models.CharField(max_length=8, blank=True)  # small, medium, large
    place = models.CharField(max_length=120, blank=True)
    beds = models.PositiveIntegerField(null=True, blank=True)
    zone = models.CharField(max_length=40, default="Europe/Paris")
    share_sightings = models.BooleanField(default=True)  # whether others of its groupings may count what it saw
    demo = models.BooleanField(default=False)
    created_at = models.DateTimeField()


class SiteRow(models.Model):
    """A place of an organisation."""

    organisation = models.ForeignKey(OrganisationRow, models.CASCADE, related_name="sites")
    name = models.CharField(max_length=120)
    address = models.CharField(max_length=240, blank=True)

    class Meta:
        """One name for a site."""

        constraints: ClassVar = [models.UniqueConstraint(fields=["organisation", "name"], name="site_once")]


class GroupingRow(models.Model):
    """Hospitals that act together; an organisation may be in many."""

    slug = models.SlugField(max_length=64, primary_key=True)
    name = models.CharField(max_length=160)
    kind = models.CharField(max_length=16)  # regional, national, professional, cross-border
    members = models.ManyToManyField(OrganisationRow, related_name="groupings")
    demo = models.BooleanField(default=False)
    created_at = models.DateTimeField()


class GrantRow(models.Model):
    """A role of a person, in one organisation, in all of a grouping, or everywhere on this installation."""

    user = models.ForeignKey(UserRow, models.CASCADE, related_name="grants")
    role = models.CharField(max_length=20)
    organisation = models.ForeignKey(OrganisationRow, models.CASCADE, null=True, blank=True, related_name="grants")
    grouping = models.ForeignKey(GroupingRow, models.CASCADE, null=True, blank=True, related_name="grants")
    since = models.DateTimeField()
    until = models.DateTimeField(null=True, blank=True)

    class Meta:
        """A grant has one reach."""

        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(organisation__isnull=True) | Q(grouping__isnull=True), name="grant_one_reach"
            ),
            models.UniqueConstraint(
                fields=["user", "role", "organisation", "grouping"], name="grant_once", nulls_distinct=False
            ),
        ]


class MandateRow(models.Model):
    """What a hospital lets a security provider do, from when until when. Revoking ends it at once."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    provider = models.ForeignKey(OrganisationRow, models.CASCADE, related_name="mandates_held")
    hospital = models.ForeignKey(OrganisationRow, models.CASCADE, related_name="mandates_given")
    roles = models.JSONField()  # the most that the provider's people may be here
    reason = models.CharField(max_length=240)
    since = models.DateTimeField()
    until = models.DateTimeField()
    given_by = models.ForeignKey(UserRow, models.SET_NULL, null=True, related_name="+")
    revoked_at = models.DateTimeField(null=True, blank=True)


class InvitationRow(models.Model):
    """An address that may make itself an account; only the hash of the secret is kept."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    email = models.EmailField()
    name = models.CharField(max_length=120, blank=True)
    role = models.CharField(max_length=20)
    organisation = models.ForeignKey(OrganisationRow, models.CASCADE, null=True, blank=True)
    grouping = models.ForeignKey(GroupingRow, models.CASCADE, null=True, blank=True)
    secret_hash = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField()
    until = models.DateTimeField()
    accepted_at = models.DateTimeField(null=True, blank=True)
    invited_by = models.ForeignKey(UserRow, models.SET_NULL, null=True, related_name="+")


class TokenRow(models.Model):
    """A key of a program to the API: what it may do, until when. Only the hash of the secret is kept."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(UserRow, models.CASCADE, related_name="tokens")
    name = models.CharField(max_length=80)
    scopes = models.JSONField()  # names of permissions: never more than its owner has
    secret_hash = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField()
    until = models.DateTimeField()
    used_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
