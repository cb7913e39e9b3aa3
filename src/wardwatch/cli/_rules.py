"""Where rules and lists come from: shipped with Wardwatch, kept by this hospital, named on the command line."""

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from wardwatch.kernel.errors import InputError
from wardwatch.runtime.settings import home

if TYPE_CHECKING:
    from wardwatch.pipeline.ruleset import RulePaths, RuleSet


def cache_folder() -> Path:
    """Where compiled rules are kept: in the Wardwatch home if it is stated, else in the user's cache folder."""
    if os.environ.get("WARDWATCH_HOME"):
        return home() / "cache"
    base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(base) / "wardwatch"


def warn(rules: "RuleSet", named: Sequence[Path]) -> None:
    """Say on stderr what is wrong with rules; raises `InputError` where a named folder holds none at all."""
    from wardwatch.catalogue import files  # noqa: PLC0415

    for path in named:
        if not files.holds_any(path):
            raise InputError("no Sigma rule found", where=str(path), hint="name a folder, file or zip with .yml files")
    store = [rules.store.warning] if rules.store.warning else []
    for warning in [*store, *rules.rules.warnings, *(f"{error.what} ({error.where})" for error in rules.errors)]:
        say(f"warning: {warning}", file=sys.stderr)
    off = [
        rule for rule in rules.rules.others if rule.reason and any(rule.path.startswith(str(path)) for path in named)
    ]
    if off:
        say(
            f"warning: {len(off)} of your rules do not run: `wardwatch rules list --state unsupported`", file=sys.stderr
        )


# Line ends, and the blanks of French typesetting.
_SHOWN = "\n\t\u00a0\u202f"


def say(text: str, *, file: TextIO | None = None) -> None:
    """Print text that others wrote, without the terminal's control characters."""
    shown = "".join(char if char.isprintable() or char in _SHOWN else f"\\x{ord(char):02x}" for char in text)
    print(shown, file=file or sys.stdout)


def rule_paths(rules: Sequence[Path], lists: Sequence[Path], *, own_rules: bool = True) -> "RulePaths":
    """Gather the folders of rules and lists; a later one wins where two have the same id or name."""
    from wardwatch.pipeline import ruleset  # noqa: PLC0415

    local = [home() / "rules"] if (home() / "rules").is_dir() else []
    own = [ruleset.shipped_rules()] if own_rules else []
    return ruleset.RulePaths(
        rules=(*own, *local, *rules),
        lists=ruleset.read_lists([home() / "lists", *lists]),
        cache=cache_folder(),
    )
