"""SQL for experts: one SELECT over the scope's events, in a process of its own that can read them and nothing else.

Four walls, each enough for most attacks: the statement is parsed by DuckDB's own parser, and only known parts of a
SELECT pass (`statement`); the database has access to the scope's files alone, and its configuration is locked; the
process may not write a byte (RLIMIT_FSIZE), has no environment, and limits of memory and time; and it is killed when
its time is over.
"""

import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import orjson

from wardwatch.kernel.errors import InputError
from wardwatch.pipeline.search.database import Limits

MAX_ROWS = 10_000  # of an answer
MAX_BYTES = 64 * 1024 * 1024  # of an answer
_GRACE = 5.0  # seconds beyond the limit, for starting
_PROGRAM = "from wardwatch.pipeline.search.expert_process import main; main()"


@dataclass(frozen=True, slots=True)
class Table:
    """What SQL answered; `cut` says that there was more."""

    columns: tuple[str, ...]
    rows: list[list[Any]] = field(default_factory=list)
    cut: bool = False


def run(sql: str, files: Sequence[Path], limits: Limits | None = None, rows: int = MAX_ROWS) -> Table:
    """Run one SELECT over the table `events`, which holds these files; raises `InputError`."""
    limits = limits or Limits()
    request = {
        "sql": sql,
        "files": [str(path) for path in files],
        "limits": asdict(limits),
        "rows": min(rows, MAX_ROWS),
    }
    try:
        done = subprocess.run(  # noqa: S603  (our own program, given as a constant)
            [sys.executable, "-I", "-B", "-c", _PROGRAM],
            input=orjson.dumps(request),
            capture_output=True,
            timeout=limits.seconds + _GRACE,
            env={"LC_ALL": "C.UTF-8"},
            cwd="/",
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise InputError(f"the query took longer than {limits.seconds:g} s", where="SQL", hint=_LESS) from None
    try:
        answer = orjson.loads(done.stdout)
    except orjson.JSONDecodeError:
        reason = f"the query was stopped by the system (exit {done.returncode}): too much memory or time"
        raise InputError(reason, where="SQL", hint=_LESS) from None
    if "error" in answer:
        raise InputError(answer["error"], where="SQL", hint=answer["hint"])
    return Table(tuple(answer["columns"]), answer["rows"], answer["cut"])


_LESS = "ask for less time (--since, --until), fewer columns, or allow more"
