"""Template tags and filters: texts in both languages side by side, numbers, times, states.

`{% say "{n} alert waits|{n} alerts wait" "{n} alerte attend|{n} alertes attendent" n=count %}`: English, French; the
part before `|` is for one (English: 1; French: 0 and 1). What is filled in is escaped; the texts are ours and may hold
markup. French gets its no-break spaces by itself.
"""

import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import cast
from urllib.parse import urlencode

from django import template
from django.utils import timezone
from django.utils.html import conditional_escape, format_html
from django.utils.safestring import SafeString, mark_safe

from wardwatch.catalogue.words import sentence
from wardwatch.incidents.incident import CareEffect
from wardwatch.kernel import stamps
from wardwatch.kernel.bilingual import Text
from wardwatch.kernel.severity import Level
from wardwatch.reports.parts.reasons import reason
from wardwatch.usecases.access import Actor
from wardwatch.usecases.roles import Permission
from wardwatch.web import labels

register = template.Library()


def spoken(context: template.Context) -> str:
    """The language of the page."""
    return str(context.get("language") or "en")


_BEFORE = re.compile(r" (?=[:;?!»])")
_MONTHS = {
    "en": ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"),
    "fr": ("janv.", "févr.", "mars", "avr.", "mai", "juin", "juil.", "août", "sept.", "oct.", "nov.", "déc."),
}
_MINUTE, _HOUR, _DAY = 60, 3_600, 86_400


def french(text: str) -> str:
    """Set the no-break spaces of French typography."""
    return _BEFORE.sub("\u00a0", text).replace("« ", "«\u00a0")


def choose(language: str, en: str, fr: str, **values: object) -> str:
    """Return the text in a language, in the number of `n`, filled in; nothing is escaped."""
    text = french(fr) if language == "fr" else en
    count = values.get("n")
    if "|" in text:
        one, many = text.split("|", 1)
        single = count in {0, 1} if language == "fr" else count == 1
        text = one if single else many
    shown = {
        name: grouped(value, language) if isinstance(value, int) and not isinstance(value, bool) else value
        for name, value in values.items()
    }
    return text.format(**shown) if shown else text


def grouped(value: int, language: str) -> str:
    """A whole number in groups of three: 18,400 or 18 400."""
    return f"{value:,}".replace(",", "\u202f" if language == "fr" else ",")


@register.simple_tag(takes_context=True)
def say(context: template.Context, en: str, fr: str, **values: object) -> str:
    """Say a text in the language of the page."""
    safe = {
        name: value
        if isinstance(value, int) and not isinstance(value, bool)
        else conditional_escape(cast("str", value))
        for name, value in values.items()
    }
    return mark_safe(choose(spoken(context), en, fr, **safe))  # noqa: S308  (values are escaped above)


@register.simple_tag(takes_context=True)
def text(context: template.Context, value: Text | str) -> str:
    """Show a bilingual text of content."""
    language = spoken(context)
    return value.in_(language) if isinstance(value, Text) else str(value)


@register.simple_tag(takes_context=True)
def number(context: template.Context, value: int | None) -> str:
    """A whole number; a dash where there is none."""
    return "–" if value is None else grouped(int(value), spoken(context))


@register.simple_tag(takes_context=True)
def when(context: template.Context, value: datetime | int | None, form: str = "short") -> str:
    """A moment in local time: `short` 23 Nov, 13:05; `time` 13:05; `full` with year and zone. `int`: µs UTC."""
    if value is None:
        return "–"
    moment = stamps.moment(value) if isinstance(value, int) else value
    language = spoken(context)
    local = timezone.localtime(moment)
    clock = f"{local:%H:%M}"
    day = f"{local.day}\u00a0{_MONTHS[language][local.month - 1]}"
    now = context.get("now") or datetime.now(UTC)
    if form == "time":
        shown = clock
    elif form == "full":
        shown = f"{day} {local.year}, {clock} {local.tzname()}"
    else:
        year = f" {local.year}" if local.year != timezone.localtime(now).year else ""
        shown = f"{day}{year}, {clock}"
    stated = moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    return format_html('<time datetime="{}" title="{}">{}</time>', stated, stated, shown)


def span_words(seconds: float, language: str) -> str:
    """A span in words that never break from their unit: 14 min, 3 h 10 min, 2 d 4 h."""
    whole = max(0, int(seconds))
    day, minute = ("j", "min") if language == "fr" else ("d", "min")
    if whole < _MINUTE:
        return f"{whole}\u00a0s"
    if whole < _HOUR:
        return f"{whole // _MINUTE}\u00a0{minute}"
    if whole < _DAY:
        rest = whole % _HOUR // _MINUTE
        return f"{whole // _HOUR}\u00a0h" + (f"\u00a0{rest}\u00a0{minute}" if rest else "")
    rest = whole % _DAY // _HOUR
    return f"{whole // _DAY}\u00a0{day}" + (f"\u00a0{rest}\u00a0h" if rest else "")


@register.simple_tag(takes_context=True)
def span(context: template.Context, seconds: float | None) -> str:
    """A number of seconds as a span; a dash where there is none."""
    return "–" if seconds is None else span_words(seconds, spoken(context))


@register.simple_tag(takes_context=True)
def since(context: template.Context, value: datetime | int | None) -> str:
    """How long ago a moment is, as a span. `int`: µs UTC."""
    if value is None:
        return "–"
    moment = stamps.moment(value) if isinstance(value, int) else value
    now = context.get("now") or datetime.now(UTC)
    return span_words((now - moment).total_seconds(), spoken(context))


@register.simple_tag
def icon(name: str) -> SafeString:
    """One of our icons; always beside a word."""
    return format_html('<svg class="i" aria-hidden="true" viewBox="0 0 16 16"><use href="#i-{}"/></svg>', name)


@register.simple_tag
def shape(name: str, size: str = "") -> SafeString:
    """The shape of a state, without its word."""
    return format_html(
        '<svg class="g {} {}" aria-hidden="true" viewBox="0 0 16 16"><use href="#s-{}"/></svg>', size, name, name
    )


@register.simple_tag(takes_context=True)
def state(context: template.Context, name: str, words: str = "") -> SafeString:
    """A state: shape, word, colour."""
    word = words or labels.STATES[name].in_(spoken(context))
    return format_html(
        '<span class="st {}"><svg class="g" aria-hidden="true" viewBox="0 0 16 16"><use href="#s-{}"/></svg>{}</span>',
        name,
        name,
        word,
    )


@register.simple_tag(takes_context=True)
def severity(context: template.Context, level: str | Level, *, bare: bool = False) -> SafeString:
    """How bad something is: four bars and a word; `bare` hides the word from eyes, not from readers."""
    found = level if isinstance(level, Level) else Level.parse(level)
    bars = mark_safe(  # noqa: S308  (our own numbers)
        "".join(
            f'<rect x="{bar * 4}" y="{9 - bar * 3}" width="3" height="{3 + bar * 3}"{"" if bar < int(found) else off}/>'
            for bar in range(4)
            for off in (' class="off"',)
        )
    )
    word = labels.LEVELS[found].in_(spoken(context))
    if bare:
        return format_html(
            '<svg class="b" aria-hidden="true" viewBox="0 0 16 12">{}</svg><span class="vh">{}</span>', bars, word
        )
    return format_html('<span class="sev"><svg aria-hidden="true" viewBox="0 0 16 12">{}</svg>{}</span>', bars, word)


@register.simple_tag(takes_context=True)
def query(context: template.Context, **changes: object) -> str:
    """The address of this page with some parameters changed; an empty value takes one away."""
    request = context["request"]
    found = {name: value for name, value in request.GET.items() if name not in {"after", "fresh"}}
    found.update({name: str(value) for name, value in changes.items()})
    kept = {name: value for name, value in found.items() if value}
    return "?" + urlencode(kept)


@register.simple_tag(takes_context=True)
def twin(context: template.Context, ending: str) -> str:
    """The address of this page as `json` or `csv`."""
    request = context["request"]
    asked = request.GET.urlencode()
    return f"{request.path}.{ending}" + (f"?{asked}" if asked else "")


@register.filter
def splitted(words: str) -> list[str]:
    """The words of a text."""
    return words.split()


@register.filter
def of(names: dict[str, str], id_: str) -> str:
    """The name that belongs to an id; the id itself where there is none."""
    return names.get(id_, id_)


@register.filter
def pairs(some: Sequence[str]) -> list[tuple[str, str]]:
    """Words two by two."""
    return list(zip(some[::2], some[1::2], strict=True))


@register.filter
def nth(some: Sequence[object], place: int) -> object:
    """The value at a place, counted from 0; nothing where there is none."""
    return some[place] if place < len(some) else ""


@register.filter
def icon_of(kind: str) -> str:
    """The icon of a kind of entry."""
    return "care" if kind == "care_effect" else str(kind)


@register.simple_tag(takes_context=True)
def level_word(context: template.Context, level: str | Level) -> str:
    """The word of a severity."""
    found = level if isinstance(level, Level) else Level.parse(level)
    return labels.LEVELS[found].in_(spoken(context))


@register.simple_tag(takes_context=True)
def word(context: template.Context, of: str, key: object) -> str:
    """The word for a value of one of the kinds in `labels.WORDS`; the value itself where there is none."""
    found = labels.WORDS[of].get(str(key))
    return found.in_(spoken(context)) if found else str(key)


@register.simple_tag(takes_context=True)
def sentence_of(context: template.Context, key: str, params: dict[str, str]) -> str:
    """The sentence of a timeline's entry; accounts are named where the page knows them."""
    people = context.get("people") or {}
    language = spoken(context)
    said = sentence(key, {name: people.get(value, value) for name, value in params.items()}, language)
    return french(said) if language == "fr" else said


_WORST = ("down", "degraded", "unknown", "normal")


@register.simple_tag
def worst(care: Iterable[CareEffect]) -> SafeString:
    """The shape of the worst state among effects on care; nothing where there is none."""
    found = {one.state for one in care}
    name = next((one for one in _WORST if one in found), "")
    return shape(name, "big") + mark_safe(" ") if name else mark_safe("")


@register.filter
def reason_in(text: str, language: str) -> str:
    """A reason that the stages state in English, in a language."""
    return reason(text).in_(language)


@register.filter
def may_board(actor: Actor, tenant: str) -> bool:
    """Whether somebody sees the continuity board of a hospital."""
    return actor.can(Permission.SEE_BOARD, tenant)


@register.filter
def in_language(value: Text | str, language: str) -> str:
    """A bilingual text in a language."""
    return value.in_(language) if isinstance(value, Text) else str(value)


@register.simple_tag(takes_context=True)
def minutes(context: template.Context, value: int) -> str:
    """A number of minutes as a span."""
    return span_words(value * _MINUTE, spoken(context))


@register.filter
def minutes_in(value: int, language: str) -> str:
    """A number of minutes as a span in a language."""
    return span_words(value * _MINUTE, language)


@register.simple_tag(takes_context=True)
def and_query(context: template.Context, name: str, value: str) -> str:
    """The address of the same search, narrowed to a value."""
    request = context["request"]
    quoted = value.replace("\\", "\\\\").replace('"', '\\"')
    narrowed = f'({context["query"]}) AND {name}:"{quoted}"' if context["query"] else f'{name}:"{quoted}"'
    found = {key: request.GET[key] for key in ("span", "tenant") if request.GET.get(key)}
    return "?" + urlencode({**found, "q": narrowed, "go": "1"})


@register.simple_tag
def below(height: int) -> int:
    """Where a bar of a height begins, counted from the top of a chart that is 112 high."""
    return 106 - height
