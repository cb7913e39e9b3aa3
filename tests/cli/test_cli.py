"""What the command line promises whatever the verb: quick help, errors in three lines, exit codes."""

import json
import subprocess
import sys
from pathlib import Path

import click
import pytest
from tests.cli.conftest import Run, spawned

from wardwatch import cli
from wardwatch.cli import Verbs, group

HEAVY = ("pyarrow", "numpy", "sigma", "hyperscan", "rich", "jinja2", "yaml", "re2", "evtx", "zstandard", "orjson")


def loaded_by(*args: str) -> set[str]:
    """The modules that a call of the command line loads."""
    code = (
        f"import sys; sys.argv = ['wardwatch', *{list(args)!r}]\n"
        "from wardwatch.cli import main\n"
        "try:\n    main()\nexcept SystemExit:\n    pass\n"
        "sys.stderr.write('\\n'.join(sys.modules))"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True)
    return {name.partition(".")[0] for name in found.stderr.split()}


@pytest.mark.parametrize("args", [("--help",), ("--version",), ("scan", "--help"), ("rules", "--help"), ("nosuch",)])
def test_help_loads_nothing_heavy(args: tuple[str, ...]) -> None:
    loaded = loaded_by(*args)
    assert "click" in loaded
    assert loaded.intersection(HEAVY) == set()


def test_help_names_every_verb_with_its_summary(run: Run) -> None:
    found = run("--help")
    assert found.code == 0
    verbs = Verbs().list_commands(None)  # type: ignore[arg-type]
    assert set(Verbs.summaries) == set(verbs)
    assert [verb for verb in verbs if f"{verb} " not in found.out or Verbs.summaries[verb] not in found.out] == []


@pytest.mark.parametrize("verb", sorted(Verbs.summaries))
def test_every_verb_has_help(verb: str, run: Run) -> None:
    found = run(verb, "-h")
    assert (found.code, found.err) == (0, "")
    assert f" {verb} " in found.out.splitlines()[0]


def test_every_option_says_what_it_does() -> None:
    from wardwatch.cli import rules, scan, sources  # noqa: PLC0415

    commands = [scan.command, sources.command, *rules.command.commands.values()]
    silent = [
        f"{command.name} {parameter.name}"
        for command in commands
        for parameter in command.params
        if parameter.param_type_name == "option" and not getattr(parameter, "help", None)
    ]
    assert silent in ([], ["explain language"])


@pytest.mark.parametrize(
    ("args", "where"),
    [
        (("nosuch",), "wardwatch"),
        (("scan",), "wardwatch scan"),
        (("scan", "--nosuch", "x"), "wardwatch scan"),
        (("scan", "--level", "severe", "x"), "wardwatch scan"),
        (("scan", "--since", "yesterday", "x"), "wardwatch scan"),
        (("scan", "--timezone", "Mars/Olympus", "x"), "wardwatch scan"),
        (("scan", "--rules", "nowhere", "x"), "wardwatch scan"),
        (("scan", "--json", "-", "--csv", "-", "x"), "wardwatch scan"),
        (("rules", "nosuch"), "wardwatch rules"),
        (("rules", "list", "--state", "nosuch"), "wardwatch list"),
    ],
)
def test_wrong_use_is_three_lines_and_2(args: tuple[str, ...], where: str, run: Run) -> None:
    found = run(*args)
    lines = found.err.splitlines()
    assert (found.code, found.out) == (2, "")
    assert [line.partition(": ")[0] for line in lines] == ["error", "where", "hint"]
    assert lines[1].endswith(where.rpartition(" ")[2])


def test_the_version(run: Run) -> None:
    found = run("--version")
    assert (found.code, found.out) == (0, f"wardwatch, version {cli.__version__}\n")


def test_sources(run: Run) -> None:
    found = run("sources")
    assert found.code == 0
    assert {line.split()[0] for line in found.out.splitlines()} >= {"evtx", "syslog", "windows_json", "zeek"}


def test_sources_as_json(run: Run) -> None:
    found = [json.loads(line) for line in run("sources", "--json", "-").out.splitlines()]
    text = run("sources").out.splitlines()
    assert [f"{one['name']:18} {one['title']}" for one in found] == text
    assert {(*one, one["format"]) for one in found} == {("format", "name", "title", "wardwatch/source/1")}
    (samples,) = run("sources", "--samples", "--json", "-").out.splitlines()
    assert json.loads(samples) == {"format": "wardwatch/samples/1", "path": run("sources", "--samples").out.strip()}


def test_every_verb_can_speak_to_programs() -> None:
    verbs = [verb for name in Verbs.summaries for verb in below(name, group.get_command(None, name))]  # type: ignore[arg-type]
    assert len(verbs) >= 8
    silent = [name for name, verb in verbs if [p.metavar for p in verb.params if "--json" in p.opts] != ["FILE|-"]]  # type: ignore[attr-defined]
    assert silent == []


def below(name: str, found: click.Command | None) -> list[tuple[str, click.Command]]:
    assert found is not None
    if isinstance(found, click.Group):
        return [one for inner, verb in found.commands.items() for one in below(f"{name} {inner}", verb)]
    return [(name, found)]


def test_the_samples_folder(run: Run) -> None:
    folder = Path(run("sources", "--samples").out.strip())
    assert len(list(folder.iterdir())) >= 5


def test_a_reader_that_goes_away_is_no_traceback(home: Path) -> None:
    assert home.is_dir()
    with spawned("rules", "list") as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        errors = process.stderr.read()
    assert b"Traceback" not in errors
