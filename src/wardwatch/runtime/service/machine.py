"""What is asked of the machine: run a program, its service manager, its accounts. Nothing of it below another root."""

import os
import pwd
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from wardwatch.kernel.errors import InputError, WardwatchError
from wardwatch.runtime.service import ACCOUNT, SERVICE, Layout

_LONG = 1_800  # seconds that anything may take
_LAST = 600  # characters of what a failing program said


def run(line: Sequence[str | Path], environ: Mapping[str, str] | None = None) -> str:
    """Run a program to its end; returns its stdout. Raises `WardwatchError` with the last that it said."""
    try:
        done = subprocess.run(  # noqa: S603  (our own steps)
            [str(part) for part in line],
            env=dict(environ) if environ is not None else None,
            capture_output=True,
            text=True,
            timeout=_LONG,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise WardwatchError(f"could not run: {error}", where=str(line[0])) from None
    if done.returncode:
        raise WardwatchError(
            f"ended with {done.returncode}: {done.stderr.strip()[-_LAST:]}", where=" ".join(map(str, line))[:200]
        )
    return done.stdout


def has_systemd(layout: Layout) -> bool:
    """Whether services can be started and stopped here (sd_booted(3))."""
    return layout.is_machine and Path("/run/systemd/system").is_dir()


def systemctl(layout: Layout, *words: str) -> None:
    """Ask the service manager, where there is one."""
    if has_systemd(layout):
        run(["systemctl", *words])


def stop(layout: Layout) -> None:
    """Stop the service: what was acknowledged is on disk."""
    systemctl(layout, "stop", f"{SERVICE}.service")


def start(layout: Layout) -> None:
    """Start the service."""
    systemctl(layout, "start", f"{SERVICE}.service")


def need_root(layout: Layout) -> None:
    """Raise `InputError` where it is this machine and we may not change it."""
    if layout.is_machine and os.geteuid() != 0:
        raise InputError("only root installs a service", where="--execute", hint="sudo, or --root DIR to try it")


def make_account(layout: Layout) -> None:
    """Make the account that the service runs as, if it is not there."""
    if not layout.is_machine:
        return
    if shutil.which("systemd-sysusers"):
        run(["systemd-sysusers"])
        return
    try:
        pwd.getpwnam(ACCOUNT)
    except KeyError:
        run(["useradd", "--system", "--user-group", "--no-create-home", "--shell", "/usr/sbin/nologin", ACCOUNT])


def give(layout: Layout, path: Path) -> None:
    """Let the service's account own a path and what is below it."""
    if layout.is_machine:
        run(["chown", "-R", f"{ACCOUNT}:{ACCOUNT}", path])
