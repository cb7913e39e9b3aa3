"""Hypothesis: the same examples every time, so that a run of the tests means the same to everybody.

`WARDWATCH_EXAMPLES=5000` asks for many more examples, drawn anew each time. `WARDWATCH_TEST_DATABASE` names a
PostgreSQL database for the tests of the console, instead of SQLite.
"""

import os
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings

if TYPE_CHECKING:
    from tests.cast import Cast

EXAMPLES = int(os.environ.get("WARDWATCH_EXAMPLES", "0"))

settings.register_profile(
    "ci",
    deadline=None,
    derandomize=not EXAMPLES,
    database=None,
    max_examples=EXAMPLES or 100,
    suppress_health_check=list(HealthCheck),
)
settings.load_profile("ci")

_HOMES: list[Path] = []


def pytest_configure() -> None:
    """Start Django before pytest-django looks for it; each process has a home of its own."""
    from wardwatch.records import boot  # noqa: PLC0415
    from wardwatch.records.configuration import Configuration  # noqa: PLC0415

    home = Path(tempfile.mkdtemp(prefix="wardwatch-tests-"))
    _HOMES.append(home)
    boot.setup(
        Configuration(
            home=home,
            database=os.environ.get("WARDWATCH_TEST_DATABASE", ""),
            hosts=("testserver", "127.0.0.1", "localhost"),
        )
    )


def pytest_unconfigure() -> None:
    for home in _HOMES:
        shutil.rmtree(home, ignore_errors=True)


@pytest.fixture
def cast(db: None) -> "Cast":  # noqa: ARG001
    """The people of the tests, and where they work."""
    from tests import cast as people  # noqa: PLC0415

    return people.gather()
