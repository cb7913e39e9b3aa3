"""The rules in use: where they are, and how changed ones are taken in while the watch goes on."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

from wardwatch.kernel.errors import WardwatchError
from wardwatch.pipeline import ruleset
from wardwatch.pipeline.privacy import Privacy, lists_with_tokens
from wardwatch.pipeline.ruleset import RulePaths, RuleSet
from wardwatch.runtime.ingest import wall_clock
from wardwatch.runtime.settings import Settings

_DAY = 86_400_000_000  # µs

Lists = tuple[tuple[str, tuple[str, ...]], ...]
Stamps = list[tuple[str, int, int, int, int]]


class Rules:
    """The rules in use, and those that are loaded beside the watch when files changed."""

    def __init__(self, find: Callable[[], RulePaths], tell: Callable[[str], None]) -> None:
        self._find = find
        self._tell = tell
        self._looked = self._look()
        self.paths = self._looked[0]
        self.loaded = ruleset.load(self.paths)
        self._loader = ThreadPoolExecutor(1, "rules")
        self._coming: Future[RuleSet] | None = None
        self._trouble = ""

    def _look(self) -> tuple[RulePaths, Stamps]:
        paths = self._find()
        return paths, paths.stamps()

    def changed(self) -> bool:
        """Whether other rules are loaded and in `loaded` from now on; never waits for them."""
        try:
            if self._coming is None:
                looked = self._look()
                if looked != self._looked:
                    self._looked = looked
                    self._coming = self._loader.submit(ruleset.load, looked[0])
                return False
            if not self._coming.done():
                return False
            coming, self._coming = self._coming, None
            self.loaded = coming.result()
        except (OSError, WardwatchError) as error:
            if self._trouble != str(error):
                self._tell(f"the rules are not taken in: {error}")
            self._trouble = str(error)
            return False
        self.paths, self._trouble = self._looked[0], ""
        return True

    def close(self) -> None:
        """Stop loading."""
        self._loader.shutdown(cancel_futures=True)


def finding(
    settings: Settings, rules: tuple[Path, ...], lists: tuple[Path, ...], clock: Callable[[], int] = wall_clock
) -> Callable[[], RulePaths]:
    """Return what says where rules are: ours, those in the home, and more if they are named; and what lists hold.

    Lists of patients hold the tokens as well by which the events of the tenants here know them (`Privacy`).
    """
    home, days = settings.home, settings.privacy.epoch_days
    known: dict[object, Lists] = {}

    def find() -> RulePaths:
        own = home / "rules"
        read = ruleset.read_lists([home / "lists", *lists])
        tenants = tuple(sorted(path.name for path in (home / "spool").glob("*") if path.is_dir()))
        now = clock()
        asked = read, tenants, now // _DAY  # a token of the coming epoch is there a month before it begins
        if asked not in known:
            known.clear()
            privacies = [Privacy(home / "keys", tenant, days=days) for tenant in tenants]
            known[asked] = lists_with_tokens(read, privacies, now)
        folders = (ruleset.shipped_rules(), *((own,) if own.is_dir() else ()), *rules)
        return RulePaths(folders, known[asked], home / "cache", home / "tuning")

    return find
