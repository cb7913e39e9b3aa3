"""What documents share: words in both languages, times, figures, and values made harmless."""

import importlib
import pkgutil
import string

import pytest
from tests.reports import telling

from wardwatch import reports
from wardwatch.catalogue import files
from wardwatch.kernel.bilingual import Text
from wardwatch.kernel.severity import Level
from wardwatch.reports import Clock, Words, clean, number, playbook, typeset, value_text
from wardwatch.reports.parts.answer import answer


def tables() -> list[tuple[str, str, Text]]:
    found = [("shared", key, text) for key, text in reports.ANSWERS.items()]
    found += [("shared", key, text) for key, text in reports.PLAYBOOKS.items()]
    found += [("shared", level.word, text) for level, text in reports.LEVELS.items()]
    for module in pkgutil.iter_modules(reports.__path__):
        loaded = importlib.import_module(f"wardwatch.reports.{module.name}")
        found += [(module.name, key, text) for key, text in getattr(loaded, "STRINGS", {}).items()]
    return found


@pytest.mark.parametrize(("module", "key", "text"), tables())
def test_every_string_is_in_both_languages_with_the_same_places(module: str, key: str, text: Text):
    assert module
    assert key
    assert text.en
    assert text.fr
    places = [{name for _, name, _, _ in string.Formatter().parse(one) if name} for one in (text.en, text.fr)]
    assert places[0] == places[1]


def test_the_playbooks_of_our_rules_have_names():
    asked = {
        document["wardwatch"]["playbook"]
        for file in files.find([files.shipped("rules")])
        for document in files.documents(file)
        if document.get("wardwatch", {}).get("playbook")
    }
    assert asked - reports.PLAYBOOKS.keys() == set()


def test_an_unknown_playbook_keeps_its_slug():
    assert playbook("call-the-vendor") == Text("call the vendor")


@pytest.mark.parametrize(
    ("language", "sentence", "first"),
    [
        (
            "en",
            "2 computers show signs of an attack; the worst: SRV-PACS01, 2 critical alerts, last 23\u00a0Nov, 02:14 UTC.",
            "Do first: Backups under attack, Passwords stolen.",
        ),
        (
            "fr",
            (
                "2 ordinateurs présentent des signes d’attaque\u00a0; le plus touché\u00a0: SRV-PACS01, "
                "2 alertes critiques, dernière le 23\u00a0nov., 02:14 UTC."
            ),
            "À faire d’abord\u00a0: Sauvegardes attaquées, Vol de mots de passe.",
        ),
    ],
)
def test_the_answer_comes_in_one_sentence(language: str, sentence: str, first: str):
    told = answer(telling.findings(language))
    assert (told.sentence, told.first, told.level) == (sentence, first, Level.CRITICAL)


def test_the_answer_of_small_none_and_blind():
    small = answer(telling.findings("en", telling.alerts()[4]))
    assert (small.sentence, small.level) == (
        "No high or critical alert; 1 lesser alert is to be reviewed.",
        Level.MEDIUM,
    )
    none = answer(telling.nothing())
    assert (none.sentence, none.first, none.level, none.blind) == (
        "No sign of an attack was found in 12,345 events.",
        "",
        None,
        False,
    )
    blind = answer(telling.nothing(events=False))
    assert (blind.sentence, blind.blind) == ("Nothing could be checked: no event was read.", True)


def test_an_attack_on_no_single_computer_is_an_attack():
    told = answer(telling.findings("en", telling.alert(1, "r-shadow", "02:00:00", None)))
    assert told.sentence == (
        "There are signs of an attack, tied to no single computer: 1 critical alert, last 23\u00a0Nov, 02:00 UTC."
    )


def test_values_are_made_harmless():
    assert clean("a\x1b[31m\u202eb\nc\td\x9b") == "a\\x1b[31m\\u202eb\\nc\\td\\x9b"
    assert clean("\ud800") == "\\ud800"
    assert clean("x" * 20, 5) == "xxxxx…"
    assert [value_text(one) for one in (None, True, 3, 2.5, "a\n", ["a", None, 1])] == [
        *("null", "true", "3", "2.5", "a\\n", "a, null, 1"),
    ]


def test_french_is_typeset_and_english_left_alone():
    assert typeset("« L'attaque » : vu ; 3 % fait !", "fr") == (
        "«\u00a0L’attaque\u00a0»\u00a0: vu\u00a0; 3\u00a0% fait\u00a0!"
    )
    assert typeset("it's : so", "en") == "it's : so"


def test_numbers_and_plurals():
    assert [number(1_234_567, language) for language in ("en", "fr")] == ["1,234,567", "1\u202f234\u202f567"]
    words = {"x.one": Text("{n} a", "{n} b"), "x.many": Text("{n} as", "{n} bs")}
    assert [Words(words, "en").count("x", n) for n in (0, 1, 2)] == ["0 as", "1 a", "2 as"]
    assert [Words(words, "fr").count("x", n) for n in (0, 1, 2)] == ["0 b", "1 b", "2 bs"]


def test_times_are_short_and_whole():
    clock = Clock("en")
    assert clock.span(telling.at("02:11:04"), telling.at("02:14:07")) == "23\u00a0Nov, 02:11–02:14"
    assert clock.span(telling.at("02:11:04"), telling.at("02:11:59")) == "23\u00a0Nov, 02:11"
    assert (
        Clock("fr", year=True).span(0, telling.at("02:11:04"))
        == "1\u00a0janv.\u00a01970, 00:00 – 23\u00a0nov.\u00a02026, 02:11"
    )
    assert [clock.lasted(0, seconds * 1_000_000) for seconds in (40, 840, 11_400, 183_600)] == [
        *("40\u00a0s", "14\u00a0min", "3\u00a0h\u00a010", "2\u00a0d\u00a03\u00a0h"),
    ]
