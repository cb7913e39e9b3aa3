"""Where rules and lists come from: shipped with Wardwatch, kept by this hospital, named on the command line."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from wardwatch.pipeline.ruleset import RulePaths


def home() -> Path:
    """The Wardwatch home: `$WARDWATCH_HOME`, or the user's data folder."""
    stated = os.environ.get("WARDWATCH_HOME")
    base = os.environ.get("XDG_DATA_HOME") or str(Path.home() / ".local" / "share")
    return Path(stated) if stated else Path(base) / "wardwatch"


def rule_paths(rules: Sequence[Path], lists: Sequence[Path], *, own_rules: bool = True) -> "RulePaths":
    """Gather the folders of rules and lists; a later one wins where two have the same id or name."""
    from wardwatch.detection.store import default_folder  # noqa: PLC0415
    from wardwatch.pipeline import ruleset  # noqa: PLC0415

    local = [home() / "rules"] if (home() / "rules").is_dir() else []
    own = [ruleset.shipped_rules()] if own_rules else []
    return ruleset.RulePaths(
        rules=(*own, *local, *rules),
        lists=ruleset.read_lists([home() / "lists", *lists]),
        cache=default_folder(),
    )
