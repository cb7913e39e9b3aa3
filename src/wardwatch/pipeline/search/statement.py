"""Is a text one SELECT that reads nothing but `events`? Judged on the tree of DuckDB's own parser.

Only kinds of nodes that are known to be harmless pass: what a later version adds is refused until it is known here.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

import duckdb
import orjson

from wardwatch.kernel.errors import InputError

TABLE = "events"
MAX_LENGTH = 100_000  # characters
_NAME = re.compile(r"[a-z_]\w*")
_QUERIES = frozenset({"SELECT_NODE", "SET_OPERATION_NODE", "RECURSIVE_CTE_NODE", "CTE_NODE"})
_TABLES = frozenset({"BASE_TABLE", "SUBQUERY", "JOIN", "TABLE_FUNCTION", "EXPRESSION_LIST", "EMPTY", "PIVOT"})
_MODIFIERS = frozenset({"ORDER_MODIFIER", "LIMIT_MODIFIER", "LIMIT_PERCENT_MODIFIER", "DISTINCT_MODIFIER"})
_ORDERS = frozenset({"ORDER_DEFAULT", "ASCENDING", "DESCENDING"})
_HINT = "write one SELECT from the table `events` (docs/reference/search.md)"
_KNOWN = _QUERIES | _TABLES | _MODIFIERS | _ORDERS
_TABLE_FUNCTIONS = frozenset({"unnest", "range", "generate_series"})
# What tells of the process, or leads to other data; everything else that a function can do stays within the query.
_FORBIDDEN_FUNCTIONS = frozenset({
    "getenv", "current_setting", "getvariable", "query", "query_table", "read_text", "read_blob", "write_log",
    "nextval", "currval", "parse_duckdb_log_message", "json_execute_serialized_sql", "from_substrait",
    "from_substrait_json",
})  # fmt: skip


def check(connection: "duckdb.DuckDBPyConnection", sql: str) -> None:
    """Raise `InputError` unless the text is one harmless SELECT."""
    if len(sql) > MAX_LENGTH:
        raise _refused(f"more than {MAX_LENGTH} characters")
    try:
        statements = connection.extract_statements(sql)
    except duckdb.Error as error:
        raise InputError(_first_line(error), where="SQL", hint="see docs/reference/search.md") from None
    if len(statements) != 1 or statements[0].type != duckdb.StatementType.SELECT:
        raise _refused("only one SELECT is allowed")
    (serialized,) = connection.execute("SELECT json_serialize_sql($sql::VARCHAR)", {"sql": sql}).fetchone() or ("{}",)
    tree = orjson.loads(serialized)
    if tree.get("error") is not False or len(tree["statements"]) != 1:
        raise _refused("only one SELECT is allowed")
    names = {TABLE} | {str(entry["key"]).lower() for entry in _entries(tree)}
    if not all(_NAME.fullmatch(name) for name in names):  # such a name could be one of a file elsewhere
        raise _refused("a name in WITH has letters, digits and _ only")
    for node in _nodes(tree):
        _judge(node, names)


def _judge(node: Mapping[str, Any], names: set[str]) -> None:
    kind = node.get("type")
    if isinstance(kind, str) and "class" not in node and kind not in _KNOWN:
        raise _refused(f"this is not allowed in SQL here: {kind.lower().replace('_', ' ')}")
    if kind == "BASE_TABLE":
        path = [str(part).lower() for part in (node.get("qualified_name") or {}).get("path", [])]
        own = not node.get("catalog_name") and not node.get("schema_name") and len(path) <= 1
        if not own or str(node.get("table_name")).lower() not in names:
            raise _refused(f"there is no table but {TABLE}: {str(node.get('table_name'))[:60]}")
    if kind == "TABLE_FUNCTION" and "class" not in node:
        name = str((node.get("function") or {}).get("function_name")).lower()
        if name not in _TABLE_FUNCTIONS:
            raise _refused(f"this table function is not allowed: {name[:60]}")
    if node.get("class") == "FUNCTION" and str(node.get("function_name")).lower() in _FORBIDDEN_FUNCTIONS:
        raise _refused(f"this function is not allowed: {node['function_name']}")


def _nodes(tree: Any) -> Iterator[Mapping[str, Any]]:  # noqa: ANN401  (whatever JSON holds)
    waiting = [tree]
    while waiting:
        node = waiting.pop()
        if isinstance(node, dict):
            yield node
            # The types of constants and casts are no nodes of the query.
            waiting.extend(value for key, value in node.items() if key not in ("literal", "cast_type"))
        elif isinstance(node, list):
            waiting.extend(node)


def _entries(tree: Any) -> Iterator[Mapping[str, Any]]:  # noqa: ANN401
    """The entries of all WITH clauses."""
    for node in _nodes(tree):
        yield from (node.get("cte_map") or {}).get("map", [])
        if node.get("type") == "CTE_NODE" and "cte_name" in node:
            yield {"key": node["cte_name"]}


def _refused(what: str) -> InputError:
    return InputError(what, where="SQL", hint=_HINT)


def _first_line(error: Exception) -> str:
    return str(error).split("\n", 1)[0][:300]
