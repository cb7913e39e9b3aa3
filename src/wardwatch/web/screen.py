"""What a screen is: an address, who may see it, and a view; its JSON twin and its CSV come by themselves.

A view returns a `Page`: plain values and the template that shows them. At `<address>.json` the same values come as
JSON, at `<address>.csv` its table as CSV. Acts are addresses that only take POST.
Whoever may not see a screen gets the same answer as for an address that does not exist. What of a form is to be
mended (`InputError`) is a page with status 422; nothing was changed.

Programs may ask for the same pages and do the same acts with a key: they get JSON. What is a person's own (`needs` is
None: settings, keys) no key opens.
"""

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, is_dataclass
from datetime import datetime
from typing import Any

import orjson
from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect, JsonResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import URLPattern, path
from django.utils.http import url_has_allowed_host_and_scheme

from wardwatch.kernel.bilingual import Text
from wardwatch.kernel.errors import AccessError, InputError
from wardwatch.usecases import clock
from wardwatch.usecases.access import Actor
from wardwatch.usecases.roles import Permission
from wardwatch.web.person import actor_in, is_by_key


@dataclass(frozen=True, slots=True)
class Asked:
    """A request, as views see it."""

    request: HttpRequest
    actor: Actor
    now: datetime
    language: str

    def get(self, name: str, default: str = "", longest: int = 200) -> str:
        """Return a parameter of the address."""
        return self.request.GET.get(name, default)[:longest]

    def sent(self, name: str, default: str = "", longest: int = 4000) -> str:
        """Return a field of the form that was sent."""
        return str(self.request.POST.get(name, default))[:longest].strip()

    def number(self, text: str) -> int:
        """Return a whole number that was sent; 0 for anything else."""
        return int(text) if text.isascii() and text.isdigit() and len(text) <= _DIGITS else 0

    def say(self, en: str, fr: str) -> str:
        """Return a text in the person's language."""
        return Text(en, fr).in_(self.language)


@dataclass(frozen=True, slots=True)
class Table:
    """What a list's CSV holds: headings and rows."""

    columns: Sequence[str]
    rows: Sequence[Sequence[object]]


@dataclass(frozen=True, slots=True)
class Page:
    """What a view shows. `data` are plain values, dataclasses or `Text`: they are the JSON twin as they are.

    `more` is only for the template (forms). `status` is 422 where what was sent must be mended.
    """

    template: str
    data: Mapping[str, Any]
    table: Table | None = None
    more: Mapping[str, Any] = field(default_factory=dict)
    status: int = 200


_LOG = logging.getLogger(__name__)
_DIGITS = 18  # what a database keeps as an integer
Answer = Page | HttpResponseBase
View = Callable[..., Answer]


@dataclass(frozen=True, slots=True)
class Screen:
    """Something to look at. `csv`: its pages have tables. `needs` None: everybody who is signed in."""

    route: str
    name: str
    needs: Permission | None
    view: View
    csv: bool = False

    def patterns(self) -> Iterator[URLPattern]:
        """The addresses of the screen and its twins."""
        if self.csv:
            yield path(f"{self.route}.csv", _shown(self, "csv"), name=f"{self.name}-csv")
        if self.route:
            yield path(f"{self.route}.json", _shown(self, "json"), name=f"{self.name}-json")
        yield path(self.route, _shown(self, "html"), name=self.name)


@dataclass(frozen=True, slots=True)
class Act:
    """Something to do: POST only. The view does it and says where to go on, or shows what must be mended."""

    route: str
    name: str
    needs: Permission | None
    view: View

    def patterns(self) -> Iterator[URLPattern]:
        """The address of the act."""
        yield path(self.route, _done(self), name=self.name)


def _shown(screen: Screen, form: str) -> Callable[..., HttpResponseBase]:
    def view(request: HttpRequest, **parts: str) -> HttpResponseBase:
        refused = _refused(request, screen.needs, form)
        if refused:
            return refused
        if request.method not in {"GET", "HEAD"}:
            return HttpResponseNotAllowed(["GET", "HEAD"])
        return _answer(request, form, screen.view, parts)

    return view


def _done(act: Act) -> Callable[..., HttpResponseBase]:
    def view(request: HttpRequest, **parts: str) -> HttpResponseBase:
        refused = _refused(request, act.needs, "html")
        if refused:
            return refused
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        if not is_by_key(request):
            return _answer(request, "html", act.view, parts)
        answer = _answer(request, "json", act.view, parts)
        led = isinstance(answer, HttpResponseRedirect)
        return JsonResponse({"done": True, "see": answer.headers["Location"]}) if led else answer

    return view


def _refused(request: HttpRequest, needs: Permission | None, form: str) -> HttpResponse | None:
    actor = actor_in(request)
    if not actor.id:
        if form == "json" or is_by_key(request):
            return JsonResponse({"error": "not signed in"}, status=401)
        return redirect_to_login(request.get_full_path(), str(settings.LOGIN_URL))
    if is_by_key(request) if needs is None else not actor.can(needs):
        _note_refusal(request, actor)
        raise Http404
    return None


def _note_refusal(request: HttpRequest, actor: Actor) -> None:
    """Write down who asked for what is not theirs, or not there; an address may hold anything, so it is escaped."""
    _LOG.warning("refused: %s %s, asked by %s", request.method, ascii(request.path[:200]), actor.id)


def _answer(request: HttpRequest, form: str, view: View, parts: Mapping[str, str]) -> HttpResponseBase:
    language = str(request.LANGUAGE_CODE)
    asked = Asked(request, actor_in(request), clock.now(), language)
    try:
        page = view(asked, **parts)
    except AccessError:
        _note_refusal(request, asked.actor)
        raise Http404 from None
    except InputError as error:
        from wardwatch.web.refusals import wrong  # noqa: PLC0415  (which reads this module)

        page = wrong(asked, error)
    if isinstance(page, HttpResponseBase):
        return page
    if form == "json":
        return HttpResponse(as_json(page.data, language), content_type="application/json", status=page.status)
    if form == "csv" and page.table is not None:
        from wardwatch.web.csv_file import csv_file  # noqa: PLC0415  (seldom needed)

        return csv_file(page.table, request.path.rsplit("/", 1)[-1])
    return render(request, page.template, {**page.data, **page.more}, status=page.status)


def as_json(data: Any, language: str) -> bytes:  # noqa: ANN401
    """Return values as JSON; texts in one language, times in ISO 8601."""

    def other(value: object) -> object:
        if isinstance(value, Text):
            return value.in_(language)
        if isinstance(value, frozenset | set):
            return sorted(value)
        if is_dataclass(value) and not isinstance(value, type):
            return {name: getattr(value, name) for name in value.__dataclass_fields__}
        if isinstance(value, Mapping):
            return dict(value)
        return str(value)

    return orjson.dumps(data, default=other, option=orjson.OPT_NON_STR_KEYS | orjson.OPT_PASSTHROUGH_DATACLASS)


def back(asked: Asked, default: str) -> HttpResponseRedirect:
    """Go on to where the form wants (an address of ours only), or to `default`."""
    target = asked.sent("next")
    return HttpResponseRedirect(target if is_ours(target) else default)


def is_ours(target: str) -> bool:
    """Whether an address that a form names is a page of this console."""
    return url_has_allowed_host_and_scheme(target, allowed_hosts=None) and target.startswith("/")
