"""The time that use cases and screens go by: one place, so that tests and the simulated day can set it."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime

_SET: ContextVar[datetime | None] = ContextVar("wardwatch_now", default=None)


def now() -> datetime:
    """The moment, aware, in UTC."""
    return _SET.get() or datetime.now(UTC)


@contextmanager
def at(moment: datetime) -> Iterator[None]:
    """Let it be `moment` within the block."""
    token = _SET.set(moment)
    try:
        yield
    finally:
        _SET.reset(token)
