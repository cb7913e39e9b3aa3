"""The lake at a size of choice: bytes per event, and how long a fixed set of searches takes.

    python -m bench.lake [--events N] [--days 30] [--rounds 10] [--peer 5000000] [--folder DIR]

Events are generated in the shapes of six sources through numpy and Arrow, staged, committed and compacted as the live
watch does it. The peer is DuckDB over the same events as JSON lines. A lake that is there already is searched as it is.
"""

import argparse
import random
import resource
import statistics
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import duckdb
import numpy as np
import orjson
import pyarrow as pa

from bench.figures import Figure, figure
from wardwatch.events import batch as layout
from wardwatch.events.logsource import LogSource
from wardwatch.pipeline.lake import Lake
from wardwatch.pipeline.lake.tenant import TenantLake
from wardwatch.pipeline.search.database import Limits
from wardwatch.pipeline.search.query import parse
from wardwatch.pipeline.search.searching import Asked, Scope, Search, around

NOW = 1_795_399_200_000_000  # 2026-11-23T02:00Z
HOUR, DAY = 3_600_000_000, 86_400_000_000
TENANT = "nord"
CHUNK = 250_000  # events of one source in a commit
HOSTS, USERS = 2_000, 5_000
THREADS = 2
NEEDLE = "vssadmin delete shadows /all /quiet"  # about one event in five million
Pool = Callable[["np.random.Generator"], list[str]]


@dataclass(frozen=True)
class Shape:
    """Events of one source: its share of all, and for each field the pool of its values (a new one for each chunk)."""

    source: str
    logsource: LogSource
    share: float
    fields: dict[str, Pool]


def numbered(pattern: str, count: int) -> Pool:
    values = [pattern.format(n) for n in range(count)]
    return lambda _: values


def drawn(pattern: str, count: int, below: int) -> Pool:
    """Values that are new in each chunk, as paths, hashes and arguments are."""
    return lambda rng: [pattern.format(n, n * 2_654_435_761 % 2**32) for n in rng.integers(0, below, count).tolist()]


def words(*values: str) -> Pool:
    return lambda _: list(values)


ADDRESS = lambda rng: [f"10.{a}.{b}.{c}" for a, b, c in rng.integers(0, 250, (20_000, 3)).tolist()]  # noqa: E731
HOST_NAMES, USER_NAMES = numbered("srv-{:04}", HOSTS), numbered("user{}", USERS)
GUID = drawn("{{5770385f-{1:08x}-{0:012x}}}", 200_000, 10**12)
SHAPES = (
    Shape("windows_json", LogSource("windows", "process_creation", "sysmon"), 0.25, {
        "EventID": words("1"), "Channel": words("Microsoft-Windows-Sysmon/Operational"),
        "Image": numbered("C:\\Program Files\\Vendor{0}\\app{0}.exe", 400),
        "OriginalFileName": numbered("app{}.exe", 400),
        "CommandLine": drawn('"C:\\Program Files\\Vendor\\app.exe" --job {0} --token {1:x}', 60_000, 10**9),
        "ParentImage": numbered("C:\\Windows\\System32\\svc{}.exe", 60),
        "ParentCommandLine": numbered("C:\\Windows\\system32\\svchost.exe -k netsvcs -p -s Svc{}", 300),
        "User": numbered("CHU\\user{}", USERS), "IntegrityLevel": words("System", "High", "Medium", "Low"),
        "Hashes": drawn("SHA256={1:064x}", 3_000, 10**6), "ProcessId": numbered("{}", 9_000), "ProcessGuid": GUID,
        "LogonId": drawn("0x{1:x}", 2_000, 10**6), "Company": numbered("Company {}", 80),
        "CurrentDirectory": numbered("C:\\work{}\\", 50),
    }),
    Shape("evtx", LogSource("windows", None, "security"), 0.20, {
        "EventID": words("4624", "4624", "4624", "4634", "4625"), "Channel": words("Security"),
        "TargetUserName": numbered("user{}", USERS), "SubjectUserName": numbered("svc{}$", 200), "IpAddress": ADDRESS,
        "LogonType": words("2", "3", "3", "3", "10"), "Status": words("0x0", "0xc000006d"),
        "TargetLogonId": drawn("0x{1:x}", 100_000, 10**9),
        "WorkstationName": numbered("PC{}", HOSTS), "AuthenticationPackageName": words("Kerberos", "NTLM"),
    }),
    Shape("fortigate", LogSource("fortigate", None, "traffic"), 0.25, {
        "src_ip": ADDRESS, "dst_ip": ADDRESS,
        "dst_port": words("53", "80", "443", "445", "389", "104", "2575", "51515"),
        "action": words("accept", "accept", "deny"), "sentbyte": drawn("{0}", 50_000, 10**6),
        "rcvdbyte": drawn("{0}", 50_000, 10**6),
        "policyid": numbered("{}", 120), "sessionid": drawn("{0}", 200_000, 10**9),
        "srcintf": numbered("port{}", 12), "app": numbered("App{}", 150),
    }),
    Shape("zeek", LogSource("zeek", None, "conn"), 0.15, {
        "uid": drawn("C{1:x}{0:x}", 200_000, 10**12),
        "id.orig_h": ADDRESS, "id.resp_h": ADDRESS, "id.resp_p": words("53", "443", "445", "104"),
        "proto": words("tcp", "udp"), "duration": drawn("{0}e-6", 50_000, 10**7),
        "conn_state": words("SF", "S0", "REJ", "RSTO"),
        "orig_bytes": drawn("{0}", 20_000, 10**6), "history": words("ShADadFf", "Dd", "Sr", "ShAdDaFf"),
    }),
    Shape("dicom_audit", LogSource("dicom", None, "audit"), 0.05, {
        "EventCode": words("110104", "110112", "110114"), "EventName": words("DICOM Instances Transferred", "Query"),
        "PatientID": drawn("p:56:{1:032x}", 20_000, 200_000),
        "StudyInstanceUID": drawn("p:56:{1:032x}", 50_000, 10**7),
        "SourceAETitle": numbered("MOD{}", 60), "DestinationAETitle": words("PACS", "PACS2", "ARCHIVE"),
        "RequestorUserID": numbered("user{}", 500),
    }),
    Shape("webserver", LogSource(None, "webserver", "nginx"), 0.10, {
        "c-ip": ADDRESS, "cs-method": words("GET", "GET", "GET", "POST"), "cs-uri-stem": numbered("/app/page{}", 800),
        "cs-uri-query": drawn("/app/page?id={0}&s={1:x}", 80_000, 10**8),
        "sc-status": words("200", "200", "304", "404", "500"),
        "c-useragent": numbered("Mozilla/5.0 (X11; Linux x86_64; rv:{0}.0) Gecko/20100101 Firefox/{0}.0", 60),
    }),
)  # fmt: skip


def chunk(shape: Shape, rng: "np.random.Generator", begin: int, span: int, count: int) -> pa.RecordBatch:
    """`count` events of a shape within `span` µs from `begin`, as an EventBatch."""
    times = np.sort(rng.integers(begin, begin + span, count))
    columns: dict[str, pa.Array] = {}
    arrays = [
        pa.FixedSizeBinaryArray.from_buffers(pa.binary(16), count, [None, pa.py_buffer(rng.bytes(16 * count))]),
        _one(TENANT, count),
        pa.array(times).cast(layout.STAMP),
        pa.array(times + rng.integers(1_000, 900_000, count)).cast(layout.STAMP),
        _drawn(HOST_NAMES(rng), rng, count),
        _drawn(USER_NAMES(rng), rng, count),
        _one(shape.source, count),
        pa.array(np.char.add("@", np.arange(count).astype(str))),
        _one("stated", count),
    ]
    for name, pool in shape.fields.items():
        columns[name] = _drawn(pool(rng), rng, count)
    if "CommandLine" in columns and rng.integers(0, 5_000_000) < count * 4:
        found = columns["CommandLine"].dictionary_decode().to_pylist()
        found[int(rng.integers(0, count))] = NEEDLE
        columns["CommandLine"] = pa.array(found).dictionary_encode()
    schema = layout.ENVELOPE
    for name, column in columns.items():
        schema = schema.append(pa.field(layout.FIELD_PREFIX + name, column.type))
    return pa.RecordBatch.from_arrays(
        [*arrays, *columns.values()], schema=schema.with_metadata(layout.metadata(shape.logsource))
    )


def _one(word: str, count: int) -> pa.DictionaryArray:
    return pa.DictionaryArray.from_arrays(pa.array(np.zeros(count, np.int32)), pa.array([word]))


def _drawn(pool: list[str], rng: "np.random.Generator", count: int) -> pa.DictionaryArray:
    """Draw values, some much more often than others, as in life."""
    which = np.minimum((rng.random(count) ** 2 * len(pool)).astype(np.int32), len(pool) - 1)
    return pa.DictionaryArray.from_arrays(pa.array(which), pa.array(pool))


def generate(events: int, days: int, seed: int = 7) -> Iterator[list[pa.RecordBatch]]:
    """Yield commits: some events of every source, from `days` before `NOW` on."""
    rng = np.random.default_rng(seed)
    commits = max(days, -(-events // (2 * CHUNK)))
    span = days * DAY // commits
    done = 0
    for number in range(commits):
        want = events * (number + 1) // commits - done
        done += want
        shares = [int(want * shape.share) for shape in SHAPES]
        shares[0] += want - sum(shares)
        begin = NOW - days * DAY + number * span
        yield [chunk(shape, rng, begin, span, n) for shape, n in zip(SHAPES, shares, strict=True) if n]


def fill(folder: Path, events: int, days: int) -> list[Figure]:
    """Fill a lake; returns what that took."""
    began, lanes = time.perf_counter(), threading.local()

    def mine() -> TenantLake:
        if not hasattr(lanes, "lake"):
            lanes.lake = Lake(folder).tenant(TENANT)
        return lanes.lake  # type: ignore[no-any-return]

    def commit(batches: list[pa.RecordBatch]) -> float:
        before = time.thread_time()
        mine().commit(mine().stage(batches), {})
        return time.thread_time() - before

    with ThreadPoolExecutor(THREADS) as pool, closing(Lake(folder).tenant(TENANT)) as lake:
        waiting: list[Future[float]] = []
        spent = 0.0
        for batches in generate(events, days):
            waiting.append(pool.submit(commit, batches))
            if len(waiting) > THREADS:
                spent += waiting.pop(0).result()
        spent += sum(one.result() for one in waiting)
        wall, before = time.perf_counter() - began, time.perf_counter()
        list(pool.map(lambda day: mine().compact(day, final=True), sorted({file.day for file in lake.files()})))
        compacted = time.perf_counter() - before
        lake.sweep(2**62)
        files = lake.files()
        rows, size = sum(file.rows for file in files), sum(file.bytes for file in files)
    assert rows == events, f"{rows} of {events} events are in the lake"
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    size_note = f"{rows:,} events, {len(files):,} files, {size / 1e9:.2f} GB"
    return [
        figure("lake: bytes per event", [size / rows], "bytes", size_note),
        figure("lake: staging and committing", [rows / spent], "events/CPU-s", f"{wall:,.0f} s with generating"),
        figure("lake: compaction", [rows / max(compacted, 1e-9)], "events/s"),
        figure("lake: peak memory of filling", [peak], "MiB"),
    ]


Run = Callable[[Search, random.Random, int], object]


def _window(chance: random.Random, days: int, span: int) -> tuple[int, int]:
    since = NOW - days * DAY + chance.randrange(max(1, days * DAY - span))
    return since, since + span


def _events(query: str, span: int | None = None) -> Run:
    def run(search: Search, chance: random.Random, days: int) -> object:
        since, until = (None, None) if span is None else _window(chance, days, span)
        text = query.format(user=chance.randrange(USERS), host=chance.randrange(HOSTS), net=chance.randrange(250))
        return search.events(Asked(parse(text), since, until))

    return run


SEARCHES: dict[str, Run] = {
    "newest 100 of a common value": _events("IntegrityLevel:System"),
    "newest 100 of a user's logons": _events("EventID:4625 TargetUserName:user{user}"),
    "needle in all time": _events(r"CommandLine:*vssadmin*delete*"),
    "an address, any field, one day": _events("ip:10.{net}.7.8", DAY),
    "a network, any field, one hour": _events("ip:10.{net}.0.0/16", HOUR),
    "a field without a column, one day": _events('Company:"Company {net}"', DAY),
    "a number's range, one day": _events("dst_port:>49152 action:deny", DAY),
    "free text, one hour": _events("mimikatz", HOUR),
    "free text, one day": _events("mimikatz", DAY),
    "around a moment on a host": lambda search, chance, days: search.events(
        around(f"srv-{chance.randrange(HOSTS):04}", _window(chance, days, HOUR)[0], 300_000_000, 300_000_000)
    ),
    "top users of failed logons, seven days": lambda search, chance, days: search.top(
        Asked(parse("EventID:4625"), *_window(chance, days, 7 * DAY)), "TargetUserName"
    ),
    "histogram of failed logons, all time": lambda search, _chance, _days: search.histogram(
        Asked(parse("EventID:4625")), 43_200
    ),
}


def searching(folder: Path, days: int, rounds: int, only: frozenset[str] = frozenset()) -> list[Figure]:
    """Time the searches; p50 and p95 over the rounds, each with other values and times."""
    found, every = [], []
    with closing(Search(folder, Scope(frozenset({TENANT})), Limits("4GB", 2, 600))) as search:
        for name, run in SEARCHES.items():
            if only and name not in only:
                continue
            times = []
            for number in range(rounds):
                began = time.perf_counter()
                run(search, random.Random(number), days)
                times.append((time.perf_counter() - began) * 1000)
            every += times
            found.append(Figure(f"search: {name}", _p(times, 50), min(times), _p(times, 95), "ms", "p50 (lowest–p95)"))
    found.append(Figure("search: all of them", _p(every, 50), min(every), _p(every, 95), "ms", "p50 (lowest–p95)"))
    return found


def _p(times: list[float], percent: int) -> float:
    return times[0] if len(times) == 1 else statistics.quantiles(times, n=100, method="inclusive")[percent - 1]


PEER = {
    "needle in all time": "SELECT * FROM {0} WHERE CommandLine ILIKE '%vssadmin%delete%' ORDER BY time DESC LIMIT 100",
    "newest 100 of a user's logons": (
        "SELECT * FROM {0} WHERE EventID = '4625' AND TargetUserName = 'user7' ORDER BY time DESC LIMIT 100"
    ),
    "histogram of failed logons, all time": (
        "SELECT time // 43200000000 AS bar, count(*) FROM {0} WHERE EventID = '4625' GROUP BY bar ORDER BY bar"
    ),
}
_PEER_COLUMNS = (
    "{time: 'BIGINT', host: 'VARCHAR', EventID: 'VARCHAR', CommandLine: 'VARCHAR', TargetUserName: 'VARCHAR'}"
)


def beside(folder: Path, events: int, days: int, rounds: int) -> list[Figure]:
    """The same events as JSON lines, one file a commit, asked by DuckDB; and the lake of that size."""
    json = folder / "json"
    json.mkdir(parents=True)
    size = 0
    for number, batches in enumerate(generate(events, days)):
        path = json / f"{number:05}.json"
        with path.open("wb") as file:
            for batch in batches:
                file.write(_lines(batch))
        size += path.stat().st_size
    found = [figure("peer: bytes per event as JSON", [size / events], "bytes", f"{events:,} events")]
    fill(folder / "lake", events, days)
    found += [one for one in searching(folder / "lake", days, rounds, frozenset(PEER)) if "all of them" not in one.name]
    with closing(duckdb.connect(config={"threads": 2, "memory_limit": "4GB"})) as connection:
        table = f"read_json('{json}/*.json', format = 'newline_delimited', columns = {_PEER_COLUMNS})"
        for name, text in PEER.items():
            times = []
            for _ in range(rounds):
                began = time.perf_counter()
                connection.execute(text.format(table)).fetchall()
                times.append((time.perf_counter() - began) * 1000)
            found.append(Figure(f"DuckDB over JSON: {name}", _p(times, 50), min(times), _p(times, 95), "ms", "p50"))
    return found


def _lines(batch: pa.RecordBatch) -> bytes:
    names = layout.field_names(batch.schema)
    columns = [batch.column("occurred_at").cast(pa.int64()).to_pylist(), batch.column("host").to_pylist()]
    columns += [batch.column(layout.FIELD_PREFIX + name).to_pylist() for name in names]
    keys = ["time", "host", *names]
    return b"".join(orjson.dumps(dict(zip(keys, row, strict=True))) + b"\n" for row in zip(*columns, strict=True))


def lake(events: int, days: int = 30, rounds: int = 10, peer: int = 0, folder: Path | None = None) -> list[Figure]:
    """Everything above, in a folder that is removed afterwards unless it is named."""
    with tempfile.TemporaryDirectory(prefix="wardwatch-bench-") as temporary:
        place = folder or Path(temporary) / "lake"
        found = [] if Lake(place).tenants() else fill(place, events, days)
        found += searching(place, days, rounds)
        if peer:
            found += beside(Path(temporary) / "peer", peer, days, min(rounds, 5))
        return found


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="bench.lake", description=__doc__)
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--days", type=int, default=30)
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--peer", type=int, default=0, help="events of the peer, DuckDB over JSON; 0: none")
    parser.add_argument("--folder", type=Path, help="where the lake lies, and stays")
    asked = parser.parse_args()
    for one in lake(asked.events, asked.days, asked.rounds, asked.peer, asked.folder):
        print(f"{one.name:55} {one.value:14,.2f} {one.unit:13} ({one.low:,.2f}–{one.high:,.2f}) {one.note}", flush=True)


if __name__ == "__main__":
    main()
