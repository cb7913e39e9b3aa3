"""Wardwatch as a service of a machine: programs side by side, one of them current; settings, units and data apart.

    /opt/wardwatch/<version>/     a program of its own (a virtual environment), never changed once it is there
    /opt/wardwatch/current        which of them runs;  previous: which ran before
    /etc/wardwatch/wardwatch.toml settings; never written over
    /var/lib/wardwatch/           the Wardwatch home, its owner's alone
    /var/backups/wardwatch/       nightly backups

Everything is a list of steps: without `--execute` they are only told.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

PROGRAMS, SETTINGS = "/opt/wardwatch", "/etc/wardwatch/wardwatch.toml"
HOME, BACKUPS = "/var/lib/wardwatch", "/var/backups/wardwatch"
UNITS, SYSUSERS = "/etc/systemd/system", "/etc/sysusers.d/wardwatch.conf"
SERVICE, ACCOUNT = "wardwatch", "wardwatch"


@dataclass(frozen=True, slots=True)
class Layout:
    """Where everything is, below a root: `/`, or a folder in which a machine is prepared."""

    root: Path = Path("/")

    def at(self, path: str) -> Path:
        """A path of the machine, below the root."""
        return self.root / path.lstrip("/")

    @property
    def is_machine(self) -> bool:
        """Whether it is this machine itself, whose accounts and services may be asked."""
        return self.root == Path("/")

    def program(self, version: str) -> Path:
        """Where the program of a version is."""
        return self.at(PROGRAMS) / version

    @property
    def current(self) -> Path:
        """The link to the program that runs."""
        return self.at(PROGRAMS) / "current"

    @property
    def previous(self) -> Path:
        """The link to the program that ran before the last upgrade."""
        return self.at(PROGRAMS) / "previous"

    def version(self) -> str | None:
        """The version that runs; `None` where none is installed."""
        return self.current.readlink().name if self.current.is_symlink() else None


@dataclass(frozen=True, slots=True)
class Step:
    """Something to be done, in words, and how."""

    what: str
    do: Callable[[], object]


def follow(steps: Iterable[Step], say: Callable[[str], object], *, execute: bool) -> None:
    """Tell each step, and do it if asked to; the first that fails ends it."""
    for step in steps:
        say(step.what if execute else f"would {step.what}")
        if execute:
            step.do()
