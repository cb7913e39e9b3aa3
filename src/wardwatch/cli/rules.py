"""`wardwatch rules`: list, check, test, explain, coverage and import of detection rules."""

import shutil
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from wardwatch.cli import DONE, FINDINGS, _rows
from wardwatch.cli._files import Files
from wardwatch.cli._rules import rule_paths, say
from wardwatch.kernel.errors import InputError, WardwatchError
from wardwatch.kernel.severity import Level
from wardwatch.runtime.settings import home

if TYPE_CHECKING:
    from wardwatch.pipeline.ruleset import RuleSet
    from wardwatch.pipeline.states import RuleState

_PATH = click.Path(path_type=Path, exists=True)
_STATES = ("active", "unsupported", "fields never seen", "log source never seen")


def _chosen(function: Callable[..., int]) -> Callable[..., int]:
    """Add the options that choose rules."""
    for option in (
        click.option("--no-own-rules", is_flag=True, help="Leave out the rules that come with Wardwatch."),
        click.option("--lists", multiple=True, type=_PATH, metavar="DIR", help="Folders of lists that rules read."),
        click.option("--rules", multiple=True, type=_PATH, metavar="DIR|ZIP", help="More rules."),
    ):
        function = option(function)
    return function


def _load(given: dict[str, Any]) -> "RuleSet":
    from wardwatch.pipeline import ruleset  # noqa: PLC0415

    rules = ruleset.load(rule_paths(given["rules"], given["lists"], own_rules=not given["no_own_rules"]))
    if rules.store.warning:
        say(f"warning: {rules.store.warning}", file=sys.stderr)
    return rules


@click.group("rules")
def command() -> None:
    """List, check, test, explain and import detection rules."""


@command.command("list")
@_chosen
@click.option("--state", type=click.Choice(_STATES), help="Only rules in this state.")
@click.option("--logs", multiple=True, metavar="PATH", help="Say what is never seen in these logs.")
@_rows.option
def list_(state: str | None, logs: tuple[str, ...], json_to: str | None, **given: Any) -> int:  # noqa: ANN401
    """List every rule with its state: active, unsupported (why), fields or log source never seen."""
    from wardwatch.pipeline.states import states  # noqa: PLC0415
    from wardwatch.reports import rules_jsonl  # noqa: PLC0415

    rules = _load(given)
    found = [one for one in states(rules, _seen(rules, logs)) if state in (None, one.state.value)]
    with _rows.rows(json_to) as take:
        for one in sorted(found, key=lambda row: (row.state.value, -row.rule.level, row.rule.title.en)):
            take(rules_jsonl.state(one))
            if json_to != "-":
                say(_row(one))
    for error in rules.errors:
        say(f"warning: {error.what} ({error.where})", file=sys.stderr)
    print(f"{len(found)} rules", file=sys.stderr)
    return DONE


def _row(one: "RuleState") -> str:
    reason = f"  ({one.reason})" if one.reason else ""
    return f"{one.state.value:22} {one.rule.level.word:13} {one.rule.title.en}{reason}"


def _seen(rules: "RuleSet", logs: tuple[str, ...]) -> dict[Any, set[str]] | None:
    if not logs:
        return None
    from wardwatch.pipeline.examples import scan_paths  # noqa: PLC0415

    return scan_paths(logs, rules, level=Level.CRITICAL)[1].fields


@command.command("check")
@click.argument("paths", nargs=-1, type=_PATH)
@_rows.option
def check(paths: tuple[Path, ...], json_to: str | None) -> int:
    """Check rule files: do they load, compile, and carry what Wardwatch's own rules must carry?

    Also lists the playbooks that the rules name. Without PATHS, the rules that come with Wardwatch. Exit code 1 if a
    rule is wrong.
    """
    from wardwatch.pipeline import rule_check, ruleset  # noqa: PLC0415
    from wardwatch.reports import rules_jsonl  # noqa: PLC0415

    folders = paths or (ruleset.shipped_rules(),)
    problems = list(rule_check.check(folders, own=not paths))
    playbooks = sorted(rule_check.playbooks(folders).items())
    with _rows.rows(json_to) as take:
        for problem in problems:
            take(rules_jsonl.problem(problem))
        for name, count in playbooks:
            take({"format": "wardwatch/rule-playbook/1", "playbook": name, "rules": count})
    if json_to != "-":
        for problem in problems:
            say(str(problem))
        for name, count in playbooks:
            say(f"playbook {name}: {count} rule{'' if count == 1 else 's'}")
    print("1 problem" if len(problems) == 1 else f"{len(problems)} problems", file=sys.stderr)
    return FINDINGS if problems else DONE


@command.command("test")
@click.argument("paths", nargs=-1, type=_PATH)
@click.option("--verbose", "-v", is_flag=True, help="Also print the examples that behave.")
@_rows.option
def test(paths: tuple[Path, ...], verbose: bool, json_to: str | None) -> int:  # noqa: FBT001
    """Run the examples of rules: what must fire fires, what must stay silent stays silent.

    Without PATHS, the rules that come with Wardwatch. Exit code 1 if an example does not behave.
    """
    from wardwatch.catalogue import files  # noqa: PLC0415
    from wardwatch.pipeline import examples, ruleset  # noqa: PLC0415
    from wardwatch.reports import rules_jsonl  # noqa: PLC0415

    count = failed = 0
    with _rows.rows(json_to) as take:
        for file in files.find(paths or (ruleset.shipped_rules(),)):
            for outcome in examples.check_file(file):
                count += 1
                failed += bool(outcome.problem)
                take(rules_jsonl.outcome(outcome))
                if json_to != "-" and (outcome.problem or verbose):
                    word = "FAILED" if outcome.problem else "ok"
                    which = f"{outcome.title}: {outcome.kind} {outcome.number}"
                    say(f"{word} {outcome.path}: {which} {outcome.problem}".rstrip())
    print(f"{count} examples, {failed} failed", file=sys.stderr)
    return FINDINGS if failed else DONE


@command.command("explain")
@_chosen
@click.argument("rule")
@click.option("--lang", "language", type=click.Choice(["en", "fr"]), default="en", show_default=True)
@_rows.option
def explain(rule: str, language: str, json_to: str | None, **given: Any) -> int:  # noqa: ANN401
    """Explain RULE (id, name, or part of a title): what it means, what else it may be, what it looks at."""
    from wardwatch.pipeline.silence import signals  # noqa: PLC0415

    every = [*_load(given).rules.every(), *signals.rules().values()]
    words = rule.casefold()
    found = [one for one in every if rule in (one.id, one.name)]
    found = found or [one for one in every if words in f"{one.title.en} {one.title.fr} {one.name}".casefold()]
    if not found:
        raise InputError(
            f"no rule {rule!r}", where="wardwatch rules explain", hint="`wardwatch rules list` shows their titles"
        )
    from wardwatch.reports import rule_text, rules_jsonl  # noqa: PLC0415

    with _rows.rows(json_to) as take:
        take(rules_jsonl.explanation(found[0]))
    if json_to != "-":
        say(rule_text.write(found[0], language))
    if len(found) > 1:
        others = ", ".join(one.title.in_(language) for one in found[1:6])
        print(f"{len(found) - 1} more rules of that title: {others}", file=sys.stderr)
    return DONE


@command.command("coverage")
@_chosen
@click.option("--logs", multiple=True, metavar="PATH", help="Count only rules for which data arrives in these logs.")
@click.option("--navigator", metavar="FILE|-", help="Write an ATT&CK Navigator layer.")
@_rows.option
def coverage(logs: tuple[str, ...], navigator: str | None, json_to: str | None, **given: Any) -> int:  # noqa: ANN401
    """Count distinct active rules by ATT&CK tactic and technique."""
    from wardwatch.pipeline.states import states  # noqa: PLC0415
    from wardwatch.reports import attack_navigator, coverage_text, rules_jsonl  # noqa: PLC0415

    if navigator is not None and navigator == json_to:
        raise click.UsageError("every output needs a file of its own, and only one can go to stdout")
    rules = _load(given)
    active = [one.rule for one in states(rules, _seen(rules, logs)) if one.state.value == "active"]
    with _rows.rows(json_to) as take, closing(Files()) as files:
        for row in rules_jsonl.coverage(active):
            take(row)
        if navigator is not None:
            files.opened(navigator).write(attack_navigator.of_rules({rule.id: rule for rule in active}) + "\n")
            files.finish()
    if "-" not in (json_to, navigator):
        print(coverage_text.write(active))
    return DONE


@command.command("import")
@click.argument("source", type=_PATH, metavar="DIR|ZIP|FILE")
@click.option("--name", help="Name of the folder under the Wardwatch home.  [default: that of the source]")
@_rows.option
def import_(source: Path, name: str | None, json_to: str | None) -> int:
    """Copy Sigma rules into the Wardwatch home, so that every scan uses them. Importing again replaces them."""
    from wardwatch.catalogue import files  # noqa: PLC0415
    from wardwatch.detection.load import load_files  # noqa: PLC0415

    folder = name or source.stem
    if not folder.replace("-", "").replace("_", "").replace(".", "").isalnum():
        raise WardwatchError(
            f"{folder!r} is no name for a folder", where="--name", hint="use --name with letters, digits and hyphens"
        )
    found = list(files.find([source]))
    loaded = load_files(found)
    if not loaded.parsed:
        raise InputError("no Sigma rule found", where=str(source), hint="give a folder or zip archive with .yml files")
    target = home() / "rules" / folder
    fresh = target.with_name(f".{folder}.new")
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(parents=True)
    for number, file in enumerate(found):
        (fresh / f"{number:05}-{Path(file.path.replace('!', '/')).name}").write_bytes(file.text)
    shutil.rmtree(target, ignore_errors=True)
    fresh.rename(target)
    bad = sum(1 for one in loaded.parsed if one.rule.reason) + len(loaded.errors)
    done = {"format": "wardwatch/rule-import/1", "path": str(target), "rules": len(loaded.parsed), "unusable": bad}
    with _rows.rows(json_to) as take:
        take(done)
    if json_to != "-":
        print(f"{len(loaded.parsed)} rules in {target}, {bad} of them unusable")
        print("see `wardwatch rules list --state unsupported`" if bad else "every scan uses them from now on")
    return DONE
