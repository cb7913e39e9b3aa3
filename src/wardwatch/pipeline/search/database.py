"""DuckDB as searches use it: in memory, without extensions, spilling nothing, within limits."""

from dataclasses import dataclass
from ipaddress import ip_address, ip_network

import duckdb
import pyarrow as pa
from duckdb.func import PythonUDFType


@dataclass(frozen=True, slots=True)
class Limits:
    """What one search may take: memory, threads, and seconds."""

    memory: str = "1GB"
    threads: int = 2
    seconds: float = 60.0


def connect(limits: Limits) -> "duckdb.DuckDBPyConnection":
    """Open a database in memory that loads nothing, spills nothing and knows no other data."""
    connection = duckdb.connect(
        ":memory:",
        config={
            "memory_limit": limits.memory, "threads": limits.threads, "temp_directory": "",
            "autoinstall_known_extensions": "false", "autoload_known_extensions": "false",
            "allow_community_extensions": "false", "python_enable_replacements": "false",
            "allow_persistent_secrets": "false", "max_execution_time": max(1, int(limits.seconds * 1000)),
        },
    )  # fmt: skip
    connection.execute("SET TimeZone = 'UTC'")
    connection.create_function(
        "in_network",
        _in_network,
        [duckdb.sqltype("VARCHAR"), duckdb.sqltype("VARCHAR")],
        duckdb.sqltype("BOOLEAN"),
        type=PythonUDFType.ARROW,
    )
    return connection


def _in_network(texts: pa.ChunkedArray, networks: pa.ChunkedArray) -> pa.Array:
    """Say for each text whether it is an address of the network (IPv6; IPv4 is asked by a regular expression)."""
    known: dict[str | None, bool] = {}
    network = ip_network(networks[0].as_py())

    def holds(text: str | None) -> bool:
        if text not in known:
            try:
                known[text] = text is not None and ip_address(text) in network
            except ValueError:
                known[text] = False
        return known[text]

    return pa.array([holds(text) for text in texts.to_pylist()], pa.bool_())
