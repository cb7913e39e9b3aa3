"""What documents share: words in both languages, times, figures, and values made harmless."""

import ast
import importlib
import pkgutil
import string
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from tests.reports import telling

from wardwatch import reports
from wardwatch.catalogue import files
from wardwatch.detection.rules import Rule
from wardwatch.events.logsource import LogSource
from wardwatch.kernel.bilingual import Text
from wardwatch.kernel.severity import Level
from wardwatch.pipeline import story
from wardwatch.reports import Clock, Words, clean, number, playbook, scan_html, scan_text, size, typeset, value_text
from wardwatch.reports.parts import gaps, reasons
from wardwatch.reports.parts.answer import advice, answer, computers, steps
from wardwatch.threats import attack


def tables() -> list[tuple[str, str, Text]]:
    found = [("shared", key, text) for key, text in reports.PLAYBOOKS.items()]
    found += [("shared", key, text) for key, text in reports.ACTIONS.items()]
    found += [("shared", level.word, text) for level, text in reports.LEVELS.items()]
    found += [("shared", "untimed", reports.UNTIMED)]
    for module in pkgutil.walk_packages(reports.__path__, "wardwatch.reports."):
        loaded = importlib.import_module(module.name)
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


def test_every_playbook_that_is_named_or_follows_says_what_to_do():
    assert reports.ACTIONS.keys() == reports.PLAYBOOKS.keys()
    assert [text for text in reports.ACTIONS.values() if not text.en.endswith(".") or not text.fr.endswith(".")] == []
    follows = {
        story.playbook_of([f"attack.{word}"])
        for word in [tactic.slug for tactic in attack.TACTICS] + ["t1490", "t1078"]
    }
    assert follows - {None} - reports.ACTIONS.keys() == set()


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
                "2 alertes critiques, la dernière le 23\u00a0nov., 02:14 UTC."
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


WINDOW = {"since": telling.at("10:00:00"), "until": telling.at("11:00:00")}


@pytest.mark.parametrize(
    ("language", "changed", "sentence", "blind"),
    [
        (
            "en",
            {"outside": 12_345, **WINDOW},
            "No event lies between 23 Nov 2026, 10:00 and 23 Nov 2026, 11:00 UTC (read: 12,345): nothing could be checked.",
            True,
        ),
        (
            "fr",
            {"outside": 12_345, **WINDOW},
            (
                "Aucun événement entre le 23 nov. 2026, 10:00 et le 23 nov. 2026, 11:00 UTC (lus : 12\u202f345) : "
                "rien n’a pu être vérifié."
            ),
            True,
        ),
        (
            "en",
            {"outside": 12_345, "since": WINDOW["since"]},
            "No event lies after 23 Nov 2026, 10:00 UTC (read: 12,345): nothing could be checked.",
            True,
        ),
        (
            "en",
            {"outside": 12_345, "until": WINDOW["until"]},
            "No event lies before 23 Nov 2026, 11:00 UTC (read: 12,345): nothing could be checked.",
            True,
        ),
        (
            "en",
            {"outside": 12_000, **WINDOW},
            "No sign of an attack was found in 345 of 12,345 events; the rest lies outside the window.",
            False,
        ),
        (
            "en",
            {"interrupted": True},
            (
                "The scan was interrupted; this is only what was found until then. "
                "No sign of an attack was found in 12,345 events."
            ),
            True,
        ),
    ],
)
def test_no_alert_is_good_news_only_where_everything_was_checked(
    language: str, changed: dict[str, object], sentence: str, *, blind: bool
):
    told = answer(telling.seen_from(language, **changed))
    assert (told.sentence.replace("\u00a0", " "), told.level, told.blind) == (sentence, None, blind)


OFF = {id_: replace(rule, reason="off") for id_, rule in telling.RULES.items()}
ELSEWHERE = {id_: replace(rule, logsource=LogSource("zeek")) for id_, rule in telling.RULES.items()}
CORRELATION = replace(telling.RULES["r-dump"], kind="correlation")


@pytest.mark.parametrize(
    ("language", "rules", "sentence"),
    [
        ("en", {}, "Nothing was looked for: no rule is active."),
        ("en", OFF, "Nothing was looked for: no rule is active."),
        ("fr", OFF, "Rien n’a été recherché : aucune règle n’est active."),
        ("en", ELSEWHERE, "Nothing was looked for: no active rule is about what was read."),
        ("en", {**ELSEWHERE, "c": CORRELATION}, "Nothing was looked for: no active rule is about what was read."),
        ("fr", ELSEWHERE, "Rien n’a été recherché : aucune règle active ne porte sur ce qui a été lu."),
    ],
)
def test_no_alert_is_no_good_news_where_nothing_was_looked_for(language: str, rules: dict[str, Rule], sentence: str):
    findings = telling.seen_from(language, rules=rules)
    told = answer(findings)
    assert (told.sentence.replace("\u00a0", " "), told.level, told.blind) == (sentence, None, True)
    text = " ".join(scan_text.render(findings).replace("\u00a0", " ").split())
    assert text.startswith(f"◇ {sentence}")
    page = scan_html.render(findings).replace("\u00a0", " ")
    assert sentence.replace("’", "&#8217;") in page or sentence in page
    assert {"en": "<title>Unknown", "fr": "<title>Inconnu"}[language] in page
    assert answer(telling.seen_from(language, rules={**rules, "one": telling.RULES["r-dump"]})).blind is False


@pytest.mark.parametrize(
    ("changed", "notes"),
    [
        ({}, ["Everything was read."]),
        ({"events": Counter()}, ["No event was read."]),
        ({"interrupted": True}, ["The scan was interrupted: what was not read by then was not checked."]),
        (
            {"untimed": 1},
            ["Everything was read.", "1 event states no time: it was checked, but when it happened is unknown."],
        ),
    ],
)
def test_everything_was_read_is_said_only_where_it_is_so(changed: dict[str, object], notes: list[str]):
    assert gaps.notes(telling.seen_from("en", **changed)) == notes


def test_events_outside_of_the_window_are_counted():
    told = [gaps.window(telling.seen_from("en", outside=outside)) for outside in (0, 12_000, 12_344)]
    assert told == [
        *("", "events in the window: 345 of 12,345", "events in the window: 1 of 12,345"),
    ]


def test_rules_that_do_not_run_are_told_with_their_reasons():
    unkept = replace(telling.RULES["r-dump"], reason="the list vendors is not kept here · write one value per line")
    broken = replace(telling.RULES["r-foreign"], reason="condition: odd")
    assert gaps.off(telling.seen_from("en")) is None
    english = gaps.off(telling.seen_from("en", off=(broken, unkept)))
    assert english == gaps.Off(
        (
            "2 rules do not run, so what they describe stays unseen (worst: high).",
            "1 for want of a list that is kept: vendors.",
        ),
        (
            gaps.Example(
                unkept.title,
                Level.HIGH,
                Text("the list vendors is not kept here", "la liste vendors n'est pas tenue ici"),
            ),
            gaps.Example(broken.title, Level.MEDIUM, Text("condition: odd", "condition : odd")),
        ),
        "To see all: wardwatch rules list --state unsupported",
    )
    french = gaps.off(telling.seen_from("fr", off=(broken, unkept)))
    assert french is not None
    assert french.sentences == (
        "2 règles ne fonctionnent pas\u00a0: ce qu’elles décrivent reste invisible (la plus grave\u00a0: élevée).",
        "1, faute d’une liste tenue\u00a0: vendors.",
    )


def test_every_reason_is_in_the_language_of_the_report():
    said = [
        reasons.reason(one).fr
        for one in (
            "no such file or folder",
            "line longer than 1048576 bytes",
            "damaged after 12 bytes: its end is missing",
            "damaged after 12 bytes: zlib error -3",
            "reading stopped: Input/output error",
            "reading stopped: a fault of the reader (KeyError)",
            "regular expression that cannot run in linear time: invalid perl operator: (?= · (?=x)",
            "condition: odd · RE2 syntax has no look-around and no back-references; rewrite the pattern without them",
            "condition: Unexpected end of input",
            "refers to the rule 'a b', which cannot run: the list vendors is not kept here",
            "the list vendors is not kept here",
            "line longer than",
            "CRC mismatch",
        )
    ]
    assert said == [
        "fichier ou dossier inexistant",
        "ligne de plus de 1048576 octets",
        "endommagé après 12 octets : la fin manque",
        "endommagé après 12 octets : « zlib error -3 »",
        "lecture arrêtée : erreur de lecture du support",
        "lecture arrêtée : une faute du lecteur (KeyError)",
        "expression régulière qui ne peut s'exécuter en temps linéaire : opérateur non admis : (?= · « (?=x) »",
        (
            "condition : odd · la syntaxe RE2 ne connaît ni assertion avant ou arrière ni référence arrière ; "
            "récrivez le motif sans elles"
        ),
        "condition : « Unexpected end of input »",
        "renvoie à la règle 'a b', qui ne fonctionne pas : la liste vendors n'est pas tenue ici",
        "la liste vendors n'est pas tenue ici",
        "raison, en anglais : « line longer than »",
        "raison, en anglais : « CRC mismatch »",
    ]
    assert [reasons.place(one).fr for one in ("line 16", "record 3", "4711", "line x")] == [
        *("ligne 16", "enregistrement 3", "4711", "line x"),
    ]


def written(node: ast.expr | None) -> str | None:
    """A text as it is written, with 7 for whatever is filled in."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(str(part.value) if isinstance(part, ast.Constant) else "7" for part in node.values)
    return None


REFUSALS = {"RefusedError": 0, "UnsupportedRuleError": 0, "Reject": 1, "Unopened": 1}  # where their reason stands


def reasons_of(node: ast.AST, *, of_source: bool) -> Iterator[str | None]:
    """The reasons that a piece of code states."""
    if isinstance(node, ast.Call):
        name = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
        place = REFUSALS.get(name, len(node.args))
        yield from (written(one) for one in node.args[place : place + 1])
        yield from (written(one.value) for one in node.keywords if name in REFUSALS and one.arg == "hint")
    elif isinstance(node, ast.Return) and of_source and " " in (written(node.value) or ""):
        yield written(node.value)
    elif isinstance(node, ast.Assign | ast.AnnAssign):
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        names = {getattr(one, "id", getattr(one, "attr", "")) for one in targets}
        if names & {"problem", "_refused"}:
            yield written(node.value)
        elif "_REASONS" in names and isinstance(node.value, ast.Tuple):
            yield from (written(pair.elts[1]) for pair in node.value.elts if isinstance(pair, ast.Tuple))


def test_every_reason_that_the_code_states_has_french():
    package = Path(str(reports.__file__)).parents[1]
    stated = {
        text
        for room in ("frames", "sources", "detection", "correlation", "pipeline")
        for path in (package / room).rglob("*.py")
        if path.name not in ("examples.py", "rule_check.py")  # what these say goes to no report
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        for text in reasons_of(node, of_source=room == "sources")
        if text
    }
    assert len(stated) > 70
    assert sorted(text for text in stated if "en anglais" in reasons.reason(text).fr) == []


def test_a_reason_in_french_has_as_many_places():
    assert [one for one in reasons.REASONS if one[0].count("{}") != one[1].count("{}")] == []


def test_computers_are_counted_once_and_alike():
    found = telling.findings()
    assert computers(found) == "2 of 2 computers show signs of an attack"
    more = replace(found, summary=replace(found.summary, hosts=Counter({"rx-ws-14": 1, "a": 1, "B": 2, "b": 1})))
    assert computers(more) == "2 of 4 computers show signs of an attack"
    assert computers(telling.nothing("fr")) == "2 ordinateurs"


def test_steps_say_what_to_do_where_a_rule_does_not():
    foreign = telling.findings("en", telling.alerts()[4])
    assert [advice(step, foreign) for step in steps(foreign)] == [reports.ACTIONS["malware-on-computer"]]
    own = telling.findings()
    assert [advice(step, own).en for step in steps(own)] == [
        *("Ransomware does this before it encrypts.", "Passwords are being stolen."),
    ]


def test_a_time_that_is_not_known_is_said_to_be_unknown():
    clock = Clock("en", unknown=telling.MADE_AT)
    first = telling.at("02:11:04")
    assert [clock.at(telling.MADE_AT), clock.exact(telling.MADE_AT)] == ["time unknown"] * 2
    assert clock.span(telling.MADE_AT, telling.MADE_AT) == "time unknown"
    assert clock.span(first, telling.MADE_AT) == "23\u00a0Nov, 02:11 – time unknown"
    assert (clock.after(first, first), clock.after(telling.MADE_AT, first)) == ("02:11", "time unknown")
    untimed = replace(telling.alerts()[2], occurred_at=telling.MADE_AT, last_at=telling.MADE_AT)
    found = telling.findings("fr", untimed)
    told = answer(replace(found, summary=replace(found.summary, untimed=1)))
    assert told.sentence == (
        "1 ordinateur présente des signes d’attaque\u00a0: SRV-PACS01, 1 alerte critique, heure inconnue."
    )


def test_sizes_are_never_nothing():
    assert [size(count, "en").replace("\u00a0", " ") for count in (0, 1, 142_300, 12_400_000, 7_000_000_000)] == [
        *("0 kB", "1 kB", "142 kB", "12 MB", "7 GB"),
    ]
    assert size(142_300, "fr") == "142\u00a0ko"


def test_an_attack_on_no_single_computer_is_an_attack():
    told = answer(telling.findings("en", telling.alert(1, "r-shadow", "02:00:00", None)))
    assert told.sentence == (
        "There are signs of an attack, tied to no single computer: 1 critical alert, 23\u00a0Nov, 02:00 UTC."
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
