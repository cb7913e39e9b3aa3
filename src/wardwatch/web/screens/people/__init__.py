"""People: who has which role where, invitations, mandates; and keys of programs."""

import re
import uuid
from datetime import timedelta

from django import forms
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import path

from wardwatch.estate.importing import MAX_BYTES, rows_of_csv, rows_of_xlsx
from wardwatch.kernel.errors import AccessError, InputError
from wardwatch.records.queries import people as queries
from wardwatch.usecases import clock, inviting, mandates, people, tokens
from wardwatch.usecases.people import Place
from wardwatch.usecases.roles import MANDATED, NAMES, ROLES, Permission
from wardwatch.web.person import spoken
from wardwatch.web.screen import Act, Answer, Asked, Page, Screen, Table, back

_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f-]{27}")
_COLUMNS = ("name", "email", "role", "organisation", "grouping", "since", "until")


def listed(asked: Asked) -> Answer:
    """Who has which role, and the mandates of providers."""
    scope = asked.actor.scope(Permission.SEE_PEOPLE)
    manage = asked.actor.scope(Permission.MANAGE_PEOPLE)
    start = asked.number(asked.get("start"))
    held, count = queries.held(scope, asked.now, asked.get("q"), start)
    data = {
        "held": held,
        "count": count,
        "next": start + queries.PAGE if start + queries.PAGE < count else None,
        "mandates": queries.mandates(scope),
        "invited": queries.invited(manage, asked.now),
        "may_manage": bool(manage),
        "may_mandate": bool(asked.actor.scope(Permission.GIVE_MANDATES)),
        "roles": NAMES,
        "may_administer": asked.actor.can(Permission.ADMINISTER),
    }
    more = {
        "organisations": queries.organisations(manage),
        "groupings": queries.groupings(manage),
        "given": [one for one in ROLES if one != "administrator" or asked.actor.can(Permission.ADMINISTER)],
        "hospitals": queries.organisations(asked.actor.scope(Permission.GIVE_MANDATES)),
        "providers": queries.providers(),
        "mandated": sorted(MANDATED),
    }
    rows = [[one.name, one.email, one.role, one.organisation, one.grouping, one.since, one.until or ""] for one in held]
    return Page("people/list.html", data, Table(_COLUMNS, rows), more)


def invite(asked: Asked) -> Answer:
    """Invite somebody; the link is shown once."""
    kind, _, slug = asked.sent("place").partition(":")
    place = Place(organisation=slug) if kind == "organisation" else Place(grouping=slug)
    if not slug:
        raise InputError("choose where the role holds", fr="choisissez où le rôle s’applique", where="place")
    secret = people.invite(asked.actor, asked.sent("email"), asked.sent("role"), place, asked.now)
    link = asked.request.build_absolute_uri(f"/welcome/{secret}")
    return Page(
        "people/invited.html", {"email": asked.sent("email"), "days": people.INVITED_FOR.days}, more={"link": link}
    )


def invite_table(asked: Asked) -> Answer:
    """Invite whom a table names; the links are shown once, with the rows that were left out."""
    file = asked.request.FILES.get("file")
    if file is None or (file.size or 0) > MAX_BYTES:
        raise InputError("choose a table of at most 10 MB", fr="choisissez un tableau de 10 Mo au plus", where="file")
    data = file.read()
    rows = rows_of_xlsx(data) if data.startswith(b"PK") else rows_of_csv(data)
    invited, refused = inviting.invite_many(asked.actor, rows, asked.now)
    shown = [
        {"email": one.email, "role": one.role, "link": asked.request.build_absolute_uri(f"/welcome/{one.secret}")}
        for one in invited
    ]
    data_shown = {"count": len(invited), "refused": refused, "days": people.INVITED_FOR.days}
    return Page("people/invited_many.html", data_shown, more={"invited": shown})


def end(asked: Asked, grant: str) -> Answer:
    """End a role at once."""
    people.end_grant(asked.actor, asked.number(grant), asked.now)
    return back(asked, "/people")


def sign_out(asked: Asked, user: str) -> Answer:
    """End a person's sessions."""
    if not _UUID.fullmatch(user):
        raise AccessError("not found, or not yours")
    people.sign_out(asked.actor, uuid.UUID(user), asked.now)
    return back(asked, "/people")


def mandate(asked: Asked) -> Answer:
    """Let a provider act here, for a time."""
    until = asked.now + timedelta(days=asked.number(asked.sent("days")))
    roles = asked.request.POST.getlist("role")
    mandates.give(
        asked.actor, asked.sent("hospital"), asked.sent("provider"), roles, until,
        reason=asked.sent("reason"), now=asked.now,
    )  # fmt: skip
    return back(asked, "/people")


def revoke(asked: Asked, mandate: str) -> Answer:
    """End a mandate at once."""
    if not _UUID.fullmatch(mandate):
        raise AccessError("not found, or not yours")
    mandates.revoke(asked.actor, mandate, asked.now)
    return back(asked, "/people")


def keys(asked: Asked) -> Answer:
    """The person's keys for programs."""
    choices = sorted(one.value for one in asked.actor.may)
    return Page("people/tokens.html", {"tokens": queries.tokens(uuid.UUID(asked.actor.id))}, more={"scopes": choices})


def make_key(asked: Asked) -> Answer:
    """Make a key; it is shown once."""
    scopes = asked.request.POST.getlist("scope")
    secret = tokens.make(asked.actor, asked.sent("name"), scopes, asked.number(asked.sent("days")), asked.now)
    return Page("people/token.html", {"name": asked.sent("name")}, more={"secret": secret})


def revoke_key(asked: Asked, token: str) -> Answer:
    """End a key at once."""
    if not _UUID.fullmatch(token):
        raise AccessError("not found, or not yours")
    tokens.revoke(asked.actor, token, asked.now)
    return back(asked, "/settings/tokens")


class _Welcome(forms.Form):
    """What somebody who was invited says of themselves."""

    name = forms.CharField(max_length=120)
    password = forms.CharField(widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}), max_length=200)

    def clean_password(self) -> str:
        """Refuse a weak password, with the reason."""
        word: str = self.cleaned_data["password"]
        try:
            validate_password(word)
        except ValidationError as error:
            raise forms.ValidationError(error.messages) from None
        return word


def welcome(request: HttpRequest, secret: str) -> HttpResponse:
    """Accept an invitation: a name and a password. Whoever has no valid link learns nothing."""
    try:
        invitation = people.invitation(secret, clock.now())
    except AccessError:
        return render(request, "people/no_welcome.html", status=404)
    form = _Welcome(request.POST or None, initial={"name": invitation.name})
    if request.method == "POST" and form.is_valid():
        people.accept(secret, form.cleaned_data["name"], form.cleaned_data["password"], spoken(request), clock.now())
        return HttpResponseRedirect("/account/login/")
    return render(
        request, "people/welcome.html", {"form": form, "email": invitation.email}, status=422 if form.errors else 200
    )


SCREENS = (
    Screen("people", "people", Permission.SEE_PEOPLE, listed, csv=True),
    Act("people/invite", "people-invite", Permission.MANAGE_PEOPLE, invite),
    Act("people/invite-table", "people-invite-table", Permission.MANAGE_PEOPLE, invite_table),
    Act("people/grants/<str:grant>/end", "grant-end", Permission.MANAGE_PEOPLE, end),
    Act("people/<str:user>/sign-out", "person-sign-out", Permission.MANAGE_PEOPLE, sign_out),
    Act("people/mandates", "mandate-give", Permission.GIVE_MANDATES, mandate),
    Act("people/mandates/<str:mandate>/revoke", "mandate-revoke", Permission.GIVE_MANDATES, revoke),
    Screen("settings/tokens", "tokens", None, keys),
    Act("settings/tokens/make", "token-make", None, make_key),
    Act("settings/tokens/<str:token>/revoke", "token-revoke", None, revoke_key),
)
OPEN = (path("welcome/<str:secret>", welcome, name="welcome"),)
