"""The set-up assistant: the first account, then organisations and groupings."""

from django import forms
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import path

from wardwatch.kernel.errors import InputError
from wardwatch.records.queries import people as queries
from wardwatch.usecases import beginning, clock, demo, installation
from wardwatch.usecases.beginning import NewOrganisation
from wardwatch.usecases.roles import Permission
from wardwatch.web.person import spoken
from wardwatch.web.screen import Act, Answer, Asked, Page, Screen, back


class _First(forms.Form):
    """The first account."""

    email = forms.EmailField()
    name = forms.CharField(max_length=120)
    password = forms.CharField(max_length=200)


def first(request: HttpRequest) -> HttpResponse:
    """Make the first account; once there is one, this page is not there."""
    if not beginning.is_empty():
        raise Http404
    form = _First(request.POST or None)
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        try:
            beginning.first(given["email"], given["name"], given["password"], spoken(request), clock.now())
        except InputError as error:
            form.add_error("password", error.said.in_(spoken(request)))
        else:
            return HttpResponseRedirect("/account/login/?next=/setup/houses")
    return render(request, "setup/first.html", {"form": form}, status=422 if form.errors else 200)


def houses(asked: Asked) -> Page:
    """Organisations and groupings, and forms for more."""
    scope = asked.actor.scope(Permission.ADMINISTER)
    data = {
        "organisations": queries.organisations(scope),
        "groupings": queries.groupings(scope),
        "demo": demo.is_there(),
    }
    more = {"kinds": beginning.KINDS, "grouping_kinds": beginning.GROUPINGS, "sizes": beginning.SIZES}
    return Page("setup/houses.html", data, more=more)


def add(asked: Asked) -> Answer:
    """Add an organisation."""
    new = NewOrganisation(
        asked.sent("slug").lower(),
        asked.sent("name"),
        asked.sent("kind"),
        asked.sent("country"),
        asked.sent("size"),
        asked.sent("place"),
    )
    beginning.add_organisation(asked.actor, new, asked.now)
    return back(asked, "/setup/houses")


def group(asked: Asked) -> Answer:
    """Add a grouping."""
    members = asked.request.POST.getlist("member")[:500]
    beginning.add_grouping(
        asked.actor, asked.sent("slug").lower(), asked.sent("name"), asked.sent("kind"), members, now=asked.now
    )
    return back(asked, "/setup/houses")


def accounts(asked: Asked) -> Answer:
    """Make accounts of a CSV table."""
    file = asked.request.FILES.get("file")
    if file is None or (file.size or 0) > 2 << 20:
        raise InputError(
            "choose a CSV file of at most 2 MB", fr="choisissez un fichier CSV de 2 Mo au plus", where="file"
        )
    found = beginning.import_accounts(asked.actor, file.read(), asked.now)
    return Page("setup/accounts.html", {"made": found.made, "wrong": found.wrong})


def remove_demo(asked: Asked) -> Answer:
    """Take the demonstration away: all of it at once, its files at the next start."""
    gone = demo.remove(asked.now)
    demo.mark_gone(installation.home(), gone)
    return HttpResponseRedirect("/account/login/")


SCREENS = (
    Screen("setup/houses", "houses", Permission.ADMINISTER, houses),
    Act("setup/houses/add", "house-add", Permission.ADMINISTER, add),
    Act("setup/groupings/add", "grouping-add", Permission.ADMINISTER, group),
    Act("setup/accounts", "accounts-import", Permission.MANAGE_PEOPLE, accounts),
    Act("setup/demo/remove", "demo-remove", Permission.ADMINISTER, remove_demo),
)
OPEN = (path("setup", first, name="setup"),)
