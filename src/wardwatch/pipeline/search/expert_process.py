"""The process in which an expert's SQL runs: a request on stdin, one JSON answer on stdout, and no other way."""

import resource
import sys
from collections.abc import Mapping, Sequence
from typing import Any

import duckdb
import orjson

from wardwatch.kernel.errors import InputError
from wardwatch.pipeline.search.database import Limits, connect
from wardwatch.pipeline.search.expert import MAX_BYTES
from wardwatch.pipeline.search.statement import TABLE, check

_CHUNK = 1_000  # rows
_FILES = 4_096  # that may be open
_HINT = "see docs/reference/search.md"


def main() -> None:
    """Answer one request and exit."""
    request = orjson.loads(sys.stdin.buffer.read())
    limits = Limits(**request["limits"])
    _confine(limits)
    try:
        answer = _answer(request, limits)
    except InputError as error:
        answer = {"error": error.what, "hint": error.hint}
    except duckdb.OutOfMemoryException:
        answer = {"error": f"the query needs more than {limits.memory} of memory", "hint": "ask for less"}
    except duckdb.InterruptException:
        answer = {"error": f"the query took longer than {limits.seconds:g} s", "hint": "ask for less"}
    except duckdb.Error as error:
        answer = {"error": str(error).split("\n\n", 1)[0][:500], "hint": _HINT}
    sys.stdout.buffer.write(orjson.dumps(answer, default=_plain, option=orjson.OPT_NON_STR_KEYS))


def _confine(limits: Limits) -> None:
    """Take from this process what it does not need."""
    seconds = int(limits.seconds * limits.threads) + 10
    for what, most in (
        (resource.RLIMIT_FSIZE, 0),  # not a byte is written to any file
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_CPU, seconds),
        (resource.RLIMIT_NOFILE, _FILES),
    ):
        _, hard = resource.getrlimit(what)
        lowest = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(what, (lowest, lowest))


def _answer(request: Mapping[str, Any], limits: Limits) -> dict[str, Any]:
    connection = connect(limits)
    files: Sequence[str] = request["files"]
    check(connection, request["sql"])
    connection.execute(f"CREATE VIEW {TABLE} AS {_events(files)}")
    quoted = ", ".join(_text(path) for path in files)
    connection.execute(f"SET allowed_paths = [{quoted}]")
    connection.execute("SET enable_external_access = false")
    connection.execute("SET lock_configuration = true")
    result = connection.execute(request["sql"])
    columns = [column[0] for column in result.description or ()]
    rows: list[list[Any]] = []
    size = 0
    while len(rows) <= request["rows"] and size < MAX_BYTES and (some := result.fetchmany(_CHUNK)):
        size += len(orjson.dumps(some, default=_plain, option=orjson.OPT_NON_STR_KEYS))
        rows += map(list, some)
    cut = len(rows) > request["rows"] or size >= MAX_BYTES
    return {"columns": columns, "rows": rows[: request["rows"]], "cut": cut}


def _events(files: Sequence[str]) -> str:
    if not files:
        return "SELECT NULL::VARCHAR AS tenant WHERE false"
    listed = ", ".join(map(_text, files))
    types = "hive_types = {'tenant': VARCHAR, 'day': VARCHAR, 'source': VARCHAR}"
    return f"SELECT * FROM read_parquet([{listed}], hive_partitioning = true, {types})"  # noqa: S608  (paths, quoted)


def _text(text: str) -> str:
    return "'{}'".format(text.replace("'", "''"))


def _plain(value: Any) -> Any:  # noqa: ANN401  (whatever DuckDB answers)
    """What JSON has no form for: bytes in hex, everything else as text."""
    return value.hex() if isinstance(value, bytes) else str(value)
