"""SQL for experts reads the events of its scope and does nothing else, whatever is asked."""

import os
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import duckdb
import pytest
from tests.pipeline.search.test_searching import fill

from wardwatch.kernel.errors import InputError
from wardwatch.pipeline.search import expert
from wardwatch.pipeline.search.database import Limits, connect
from wardwatch.pipeline.search.searching import Asked, Scope, Search
from wardwatch.pipeline.search.statement import check

QUICK = Limits(memory="300MB", threads=1, seconds=5)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    found = tmp_path_factory.mktemp("lake")
    fill(found)
    fill(found, "sud", source="cef")
    (found / "secret.csv").write_text("secret\n1\n")
    return found


def files(folder: Path, *tenants: str) -> list[Path]:
    with closing(Search(folder, Scope(frozenset(tenants)))) as search:
        return [path for path, _ in search.paths(Asked())]


def ask(folder: Path, sql: str, limits: Limits = QUICK, rows: int = 100) -> expert.Table:
    return expert.run(sql, files(folder, "nord"), limits, rows)


@pytest.fixture(scope="module")
def connection() -> Iterator["duckdb.DuckDBPyConnection"]:
    with closing(connect(QUICK)) as found:
        yield found


def test_a_select_is_answered(folder: Path) -> None:
    table = ask(
        folder, "SELECT tenant, source, f_EventID, count(*) AS n FROM events GROUP BY ALL ORDER BY n DESC, 3 LIMIT 2"
    )
    assert (table.columns, table.rows, table.cut) == (
        ("tenant", "source", "f_EventID", "n"),
        [["nord", "windows_json", None, 3], ["nord", "windows_json", "1", 2]],
        False,
    )
    table = ask(folder, "SELECT event_id, occurred_at, fields, lists FROM events ORDER BY occurred_at", rows=4)
    assert (len(table.rows), table.cut, len(table.rows[0][0])) == (4, True, 32)
    assert table.rows[3][2:] == [{"n": "3", "other.name": '["a*b","c"]'}, ["UserID", "other.name"]]


HARMLESS = (
    "WITH a AS (SELECT * FROM events), b AS (SELECT host FROM a) SELECT count(*) FROM b JOIN a USING (host)",
    "WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r WHERE n < 5) SELECT sum(n) FROM r",
    "SELECT host, count(*) FROM events WHERE f_Image ILIKE '%cmd%' GROUP BY host HAVING count(*) > 0 ORDER BY 2 DESC NULLS LAST",
    "SELECT * FROM events e, unnest(e.lists) u",
    "SELECT DISTINCT ON (host) host, occurred_at FROM events ORDER BY host, occurred_at DESC",
    "SELECT host, row_number() OVER (PARTITION BY host ORDER BY occurred_at) FROM events QUALIFY 1 = 1",
    "FROM events SELECT host LIMIT 10%",
    "SELECT (SELECT max(n) FROM range(3) t(n)), EXISTS (FROM events), [x * 2 for x in [1, 2]], {'a': 1}",
    "VALUES (1), (2)",
    "SELECT host FROM events UNION ALL (SELECT 'x' INTERSECT SELECT 'x') EXCEPT SELECT 'y'",
    "SELECT time_bucket(INTERVAL 1 hour, occurred_at) AS t, count(*) FROM events GROUP BY t",
    "SELECT CASE WHEN host IS NULL THEN 1 ELSE 2 END::INTEGER, list_filter(lists, lambda x: x = 'a') FROM events TABLESAMPLE 10%",
    "SELECT * FROM events POSITIONAL JOIN (SELECT 1)",
    "SELECT COLUMNS('f_.*') FROM events LIMIT 1",
    "SELECT 1;",
)


@pytest.mark.parametrize("sql", HARMLESS)
def test_what_experts_write_is_allowed(sql: str, connection: "duckdb.DuckDBPyConnection", folder: Path) -> None:
    check(connection, sql)
    ask(folder, sql)


HOSTILE = (
    "", ";", "SELECT 1; SELECT 2", "SELECT", "SELECT 1; DROP VIEW events",
    "COPY (SELECT 1) TO '{0}/out.csv'", "COPY events TO '{0}/v1/tenant=nord/day=2026-11-23/source=cef/x.parquet'",
    "EXPORT DATABASE '{0}'", "ATTACH '{0}/x.db'", "ATTACH ':memory:' AS m", "USE main", "CREATE TABLE t AS SELECT 1",
    "CREATE TEMP TABLE t (a INT)", "CREATE MACRO m() AS TABLE SELECT 1", "CREATE SECRET s (TYPE s3)", "INSERT INTO events VALUES (1)",
    "DELETE FROM events", "UPDATE events SET host = 'x'", "WITH x AS (DELETE FROM events RETURNING *) SELECT * FROM x",
    "WITH x AS (INSERT INTO events SELECT * FROM events RETURNING *) SELECT * FROM x",
    "PRAGMA version", "PRAGMA database_list", "CALL pragma_version()", "SET memory_limit = '9GB'", "RESET memory_limit",
    "SET enable_external_access = true", "SET VARIABLE x = 1", "INSTALL httpfs", "LOAD httpfs", "LOAD '{0}/x.so'", "CHECKPOINT",
    "VACUUM", "BEGIN", "PREPARE p AS SELECT 1", "EXECUTE p", "EXPLAIN SELECT 1", "EXPLAIN ANALYZE SELECT 1", "SHOW TABLES",
    "DESCRIBE events", "SUMMARIZE events", "SHOW ALL TABLES", "SELECT * FROM (DESCRIBE events)", "SELECT * FROM (SHOW TABLES)",
    "PIVOT events ON host",
    "SELECT * FROM read_csv('{0}/secret.csv')", "SELECT * FROM read_csv_auto('{0}/secret.csv')", "FROM '{0}/secret.csv'",
    'SELECT * FROM "{0}/secret.csv"', "SELECT * FROM read_text('{0}/secret.csv')", "SELECT * FROM read_blob('{0}/*')",
    "SELECT * FROM read_parquet('{0}/v1/tenant=sud/*/*/*.parquet')", "SELECT * FROM parquet_scan('{0}/v1/tenant=sud/*/*/*.parquet')",
    "FROM '{0}/v1/tenant=nord/../tenant=sud/day=2026-11-23/source=cef/*.parquet'", "SELECT * FROM glob('{0}/**')",
    "SELECT * FROM parquet_metadata('{0}/v1/tenant=sud/*/*/*.parquet')", "SELECT * FROM parquet_schema('{0}/x.parquet')",
    "SELECT * FROM sniff_csv('{0}/secret.csv')", "SELECT * FROM read_json('{0}/v1/tenant=sud/_manifest/*.json')",
    "SELECT * FROM read_ndjson_objects('{0}/x')", "SELECT * FROM read_duckdb('{0}/x.db')", "SELECT * FROM query('SELECT 1')",
    "SELECT * FROM query_table('events')", "SELECT * FROM query_table(['events'])", "SELECT query('SELECT 1')",
    "SELECT * FROM duckdb_settings()", "SELECT * FROM duckdb_secrets()", "SELECT * FROM duckdb_views()",
    "SELECT * FROM duckdb_functions()", "SELECT * FROM pragma_table_info('events')", "SELECT * FROM information_schema.tables",
    "SELECT * FROM sqlite_master", "SELECT * FROM pg_catalog.pg_class", "SELECT * FROM system.information_schema.columns",
    "SELECT * FROM memory.main.events", "SELECT * FROM main.events", "SELECT getenv('HOME')", "SELECT current_setting('memory_limit')",
    "SELECT getvariable('x')", "SELECT 1 WHERE (SELECT count(*) FROM glob('/*')) > 0", "WITH a AS (FROM glob('/*')) SELECT * FROM a",
    "SELECT * FROM events WHERE host IN (SELECT file FROM glob('/*'))", "SELECT * FROM events ORDER BY (SELECT count(*) FROM glob('/*'))",
    "SELECT * FROM events LIMIT (SELECT count(*) FROM glob('/*'))", "VALUES ((SELECT count(*) FROM glob('/*')))",
    "SELECT sum((SELECT count(*) FROM glob('/*'))) OVER () FROM events", "SELECT * FROM events JOIN glob('/*') ON true",
    "SELECT CASE WHEN true THEN (SELECT count(*) FROM glob('/*')) END", "SELECT list_transform([1], lambda x: (SELECT count(*) FROM glob('/*')))",
    "SELECT 1 UNION ALL SELECT count(*) FROM glob('/*')", "SELECT * FROM json_execute_serialized_sql('x')",
    "SELECT count(*) FILTER (WHERE (SELECT count(*) FROM glob('/*')) > 0) FROM events",
    "SELECT {{'a': (SELECT count(*) FROM glob('/*'))}}", "SELECT CAST((SELECT count(*) FROM glob('/*')) AS VARCHAR)",
    "SELECT string_agg(host ORDER BY (SELECT count(*) FROM glob('/*'))) FROM events",
    "SELECT * REPLACE ((SELECT count(*) FROM glob('/*')) AS host) FROM events",
    "SELECT * FROM test_all_types()", "SELECT * FROM repeat_row(1, num_rows = 3)", "SELECT * FROM which_secret('x', 's3')",
    'WITH "x.csv" AS (SELECT 1) SELECT * FROM "x.csv"', "SELECT nextval('x')", "SELECT write_log('x')",
)  # fmt: skip


@pytest.mark.parametrize("sql", HOSTILE)
def test_everything_else_is_refused_before_it_runs(
    sql: str, connection: "duckdb.DuckDBPyConnection", folder: Path
) -> None:
    with pytest.raises(InputError):
        check(connection, sql.format(folder))


READERS = (
    "SELECT * FROM read_csv('{0}/secret.csv')", "FROM '{0}/secret.csv'", "SELECT * FROM read_text('{0}/secret.csv')",
    "SELECT * FROM read_parquet('{0}/v1/tenant=sud/*/*/*.parquet')", "SELECT * FROM glob('{0}/*')",
    "SELECT * FROM read_json('{0}/v1/tenant=sud/_manifest/*.json')", "SELECT * FROM parquet_metadata('{0}/v1/tenant=sud/*/*/*.parquet')",
    "COPY (SELECT 1) TO '{0}/out.csv'", "ATTACH '{0}/x.db'", "LOAD httpfs", "INSTALL httpfs", "SET enable_external_access = true",
    "SET allowed_paths = ['/']", "SET memory_limit = '9GB'", "EXPORT DATABASE '{0}/out'", "SELECT * FROM read_blob('/etc/passwd')",
    "COPY (SELECT 1) TO '{1}'", "COPY (SELECT 1) TO '{1}' (FORMAT parquet, OVERWRITE)",
)  # fmt: skip


@pytest.mark.parametrize("sql", READERS)
def test_the_other_walls_stand_without_the_first(sql: str, folder: Path) -> None:
    """Were the parser to let something through, the database and the process would still not do it."""
    before = snapshot(folder)
    program = expert._PROGRAM.replace(
        "import main;", "import main; import wardwatch.pipeline.search.expert_process as p; p.check = lambda *_: None;"
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(expert, "_PROGRAM", program)
        with pytest.raises(InputError):
            ask(folder, sql.format(folder, files(folder, "nord")[0]))
        assert ask(folder, "SELECT 1").rows == [[1]]
    assert snapshot(folder) == before


def snapshot(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file() and path.name != "lock"}


def test_a_scope_sees_its_tenants_only(folder: Path) -> None:
    sql = "SELECT DISTINCT tenant FROM events ORDER BY 1"
    for tenants in (["nord"], ["sud"], ["nord", "sud"]):
        assert expert.run(sql, files(folder, *tenants), QUICK).rows == [[one] for one in tenants]
    assert expert.run("SELECT count(*) FROM events", [], QUICK).rows == [[0]]


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT count(*) FROM range(1000000000) a, range(1000000) b WHERE a.range + b.range = 7",
        "WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r) SELECT max(n) FROM r",
        "SELECT list(range) FROM range(1000000000)",
        "SELECT repeat('x', 1000000000) || repeat('y', 1000000000)",
        "SELECT string_agg(repeat('x', 100000), '') FROM range(100000)",
    ],
)
def test_bombs_are_stopped(sql: str, folder: Path) -> None:
    with pytest.raises(InputError, match=r"took longer|memory|stopped by the system|greater than the maximum|exceed"):
        ask(folder, sql, Limits("200MB", 1, 2))


def test_an_answer_has_an_end(folder: Path) -> None:
    table = expert.run("SELECT repeat('x', 100000) FROM range(100000)", files(folder, "nord"), QUICK)
    assert table.cut
    assert len(table.rows) <= 2_000
    assert ask(folder, "SELECT * FROM range(1000)", rows=7).rows[-1] == [6]


def test_the_process_knows_nothing_of_ours(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WARDWATCH_SECRET", "s3cret")
    program = (
        "import sys, os, json; sys.stdin.read();"
        "print(json.dumps({'columns': ['env', 'cwd'], 'rows': [[sorted(os.environ), os.getcwd()]], 'cut': False}))"
    )
    monkeypatch.setattr(expert, "_PROGRAM", program)
    environment, where = ask(folder, "SELECT 1").rows[0]
    assert (set(environment) <= {"LC_ALL", "LC_CTYPE"}, where) == (True, "/")
    assert os.environ["WARDWATCH_SECRET"] == "s3cret"


def test_errors_of_sql_are_told(folder: Path) -> None:
    with pytest.raises(InputError, match=r'Parser Error: syntax error at or near "FORM"|syntax'):
        ask(folder, "SELECT * FORM events")
    with pytest.raises(InputError, match="no_such"):
        ask(folder, "SELECT no_such FROM events")
