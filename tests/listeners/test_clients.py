"""Real clients, unmodified: rsyslog, syslog-ng, curl, and the official Elasticsearch and OpenTelemetry libraries."""

import logging
import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
from elasticsearch import Elasticsearch, helpers
from opentelemetry._logs import SeverityNumber
from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import SimpleLogRecordProcessor
from tests.listeners.receiving import ANY, NORTH, TOKEN, Running, running, until

from wardwatch.frames.described import parts
from wardwatch.kernel.disk import Disk
from wardwatch.listeners.sensors import Sensor, hashed
from wardwatch.listeners.tls import Authority

pytestmark = pytest.mark.service
COUNT = 200
RSYSLOG = shutil.which("rsyslogd")


def module(name: str) -> str:
    """Skip where rsyslog or one of its modules is missing."""
    if RSYSLOG is None:
        pytest.skip("rsyslog is not installed (apt install rsyslog)")
    found = next(iter(Path("/usr/lib").glob(f"**/rsyslog/{name}.so")), None)
    if found is None:
        pytest.skip(f"rsyslog has no {name} (apt install rsyslog-gnutls rsyslog-elasticsearch rsyslog-relp)")
    return name


@contextmanager
def rsyslog(home: Path, action: str, *modules: str) -> Iterator[Path]:
    """An rsyslog of our own in the foreground; yields the socket that it reads datagrams from."""
    folder = home / "rsyslog"
    folder.mkdir()
    path = folder / "log.sock"
    loads = "".join(f'module(load="{one}")\n' for one in ("imuxsock", *modules))
    (folder / "conf").write_text(
        loads.replace('imuxsock"', 'imuxsock" SysSock.Use="off"')
        + f'global(workDirectory="{folder}")\n{action.split("---", maxsplit=1)[0] if "---" in action else ""}'
        + f'input(type="imuxsock" Socket="{path}" RateLimit.Interval="0" ParseTrusted="off")\n'
        + action.rsplit("---", maxsplit=1)[-1]
    )
    with (folder / "output").open("wb") as output:
        command = [str(RSYSLOG), "-n", "-f", str(folder / "conf"), "-i", str(folder / "pid")]
        process = subprocess.Popen(command, stdout=output, stderr=output)
        try:
            until(lambda: path.exists() or process.poll() is not None)
            assert process.poll() is None, (folder / "output").read_text()
            yield path
        finally:
            process.terminate()
            process.wait(20)


def say(path: Path, count: int = COUNT) -> list[str]:
    """Send messages to a log socket as programs do; returns the texts."""
    texts = [f"message {number} of the evening, caf\u00e9" for number in range(count)]
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
        for text in texts:
            sender.sendto(f"<13>Nov 23 02:11:04 tester: {text}".encode(), str(path))
    return texts


def arrived(here: Running, texts: list[str], tenant: str = "north") -> list[str]:
    """Wait until every text has come, and return the bodies; each came once."""
    until(lambda: len(here.bodies(tenant)) >= len(texts), 60)
    bodies = [body.decode() for body in here.bodies(tenant)]
    assert sorted(next(text for text in texts if text in body) for body in bodies) == sorted(texts)
    return bodies


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    found = Authority(tmp_path / "keys" / "tls", Disk())
    found.create(datetime.now(UTC))
    found.server(("localhost", "127.0.0.1"), datetime.now(UTC))
    return found


@pytest.mark.parametrize("framing", ["traditional", "octet-counted"])
def test_rsyslog_over_tcp(tmp_path: Path, framing: str) -> None:
    module("imuxsock")
    with running(tmp_path) as here:
        host, port = here.address("syslog_tcp")
        action = f'action(type="omfwd" target="{host}" port="{port}" protocol="tcp" TCP_Framing="{framing}")'
        with rsyslog(tmp_path, action) as path:
            assert all(body.startswith("<13>") for body in arrived(here, say(path)))


def test_rsyslog_over_udp(tmp_path: Path) -> None:
    module("imuxsock")
    with running(tmp_path) as here:
        host, port = here.address("syslog_udp")
        with rsyslog(tmp_path, f'action(type="omfwd" target="{host}" port="{port}" protocol="udp")') as path:
            arrived(here, say(path))


def test_rsyslog_over_tls_with_a_client_certificate(tmp_path: Path, authority: Authority) -> None:
    module("lmnsd_gtls")
    pair = authority.client("web1", "north", datetime.now(UTC))
    (tmp_path / "web1.crt").write_bytes(pair.certificate)
    (tmp_path / "web1.key").write_bytes(pair.key)
    with running(tmp_path, (Sensor("web1", "north", certificates=(pair.sha256,)),), syslog_tls=ANY) as here:
        _, port = here.address("syslog_tls")
        action = (
            f'global(DefaultNetstreamDriverCAFile="{authority.folder / "ca.crt"}"'
            f' DefaultNetstreamDriverCertFile="{tmp_path / "web1.crt"}" DefaultNetstreamDriverKeyFile="{tmp_path / "web1.key"}")\n---'
            f'action(type="omfwd" target="localhost" port="{port}" protocol="tcp" TCP_Framing="octet-counted" StreamDriver="gtls"'
            ' StreamDriverMode="1" StreamDriverAuthMode="x509/name" StreamDriverPermittedPeers="localhost")'
        )
        with rsyslog(tmp_path, action) as path:
            arrived(here, say(path))
        assert {frame["sensor"] for frame in here.frames()} == {"web1"}


TEMPLATE = (
    'template(name="event" type="list" option.jsonf="on") {'
    ' property(outname="@timestamp" name="timereported" dateFormat="rfc3339" format="jsonf")'
    ' property(outname="host" name="hostname" format="jsonf") property(outname="message" name="rawmsg" format="jsonf") }\n'
)


def test_rsyslog_omelasticsearch(tmp_path: Path) -> None:
    module("omelasticsearch")
    with running(tmp_path) as here:
        host, port = here.address("http")
        action = TEMPLATE + (
            f'action(type="omelasticsearch" server="{host}" serverport="{port}" uid="web1" pwd="{TOKEN}" searchIndex="logs"'
            ' searchType="" template="event" bulkmode="on" action.resumeRetryCount="-1" action.resumeInterval="1")'
        )
        with rsyslog(tmp_path, action, "omelasticsearch") as path:
            bodies = arrived(here, say(path))
    assert bodies[0].startswith('{"@timestamp":"')


def test_rsyslog_waits_where_others_are_put_off(tmp_path: Path) -> None:
    """It would give up what is answered with 429: so its answer comes later, and nothing is lost."""
    module("omelasticsearch")
    with running(tmp_path, tenant_rate=100, tenant_burst=100) as here:
        host, port = here.address("http")
        action = TEMPLATE + (
            f'action(type="omelasticsearch" server="{host}" serverport="{port}" uid="web1" pwd="{TOKEN}" searchIndex="logs"'
            ' searchType="" template="event" bulkmode="on" action.resumeRetryCount="-1" action.resumeInterval="1"'
            ' queue.type="LinkedList" queue.dequeueBatchSize="50")'
        )
        with rsyslog(tmp_path, action, "omelasticsearch") as path:
            arrived(here, say(path))
        assert here.receiving.intake.tally("elastic", NORTH).put_off > 0


@pytest.mark.parametrize("tls", [False, True])
def test_rsyslog_relp(tmp_path: Path, authority: Authority, *, tls: bool) -> None:
    module("omrelp")
    name = "relp_tls" if tls else "relp"
    pair = authority.client("web1", "north", datetime.now(UTC))
    (tmp_path / "web1.crt").write_bytes(pair.certificate)
    (tmp_path / "web1.key").write_bytes(pair.key)
    sensor = Sensor("web1", "north", certificates=(pair.sha256,), addresses=() if tls else ("127.0.0.1",))
    with running(tmp_path, (sensor,), **{name: ANY}) as here:
        _, port = here.address(name)
        secure = (
            f' tls="on" tls.caCert="{authority.folder / "ca.crt"}" tls.myCert="{tmp_path / "web1.crt"}"'
            f' tls.myPrivKey="{tmp_path / "web1.key"}" tls.authMode="name" tls.permittedPeer=["localhost"]'
            if tls
            else ""
        )
        action = f'action(type="omrelp" target="localhost" port="{port}"{secure} action.resumeRetryCount="-1")'
        with rsyslog(tmp_path, action, "omrelp") as path:
            arrived(here, say(path))


def syslog_ng() -> Path:
    """Where syslog-ng lies: installed, or unpacked aside because it and rsyslog exclude each other."""
    for root in (Path(os.environ.get("WARDWATCH_SYSLOG_NG") or "build/syslog-ng"), Path("/")):
        if (root / "usr/sbin/syslog-ng").exists():
            return root.resolve()
    pytest.skip("syslog-ng is not there (make services)")


def test_syslog_ng_http(tmp_path: Path) -> None:
    root = syslog_ng()
    folder, path = tmp_path / "syslog-ng", tmp_path / "syslog-ng" / "log.sock"
    folder.mkdir()
    libraries = next((root / "usr/lib").glob("**/syslog-ng"))
    plugins = next(libraries.glob("**/libhttp.so")).parent
    found = [libraries, *(one for top in ("usr/lib", "lib") for one in (root / top).glob("*-linux-gnu"))]
    with running(tmp_path) as here:
        host, port = here.address("http")
        (folder / "conf").write_text(
            "@version: 3.38\n"
            f'source s {{ unix-dgram("{path}" flags(store-raw-message)); }};\n'
            f'destination d {{ http(url("http://{host}:{port}/ndjson") method("POST") headers("Authorization: Bearer {TOKEN}")'
            ' body("$RAWMSG") delimiter("\\n") batch-lines(50) batch-timeout(100)); };\n'
            "log { source(s); destination(d); };\n"
        )
        command = [
            str(root / "usr/sbin/syslog-ng"),
            "-F",
            "--no-caps",
            "-f",
            str(folder / "conf"),
            "-R",
            str(folder / "state"),
        ]
        command += ["-p", str(folder / "pid"), "-c", str(folder / "control"), f"--module-path={plugins}"]
        environment = os.environ | {"LD_LIBRARY_PATH": ":".join(map(str, found))}
        with (folder / "output").open("wb") as output:
            process = subprocess.Popen(command, stdout=output, stderr=output, env=environment)
            try:
                until(lambda: path.exists() or process.poll() is not None)
                assert process.poll() is None, (folder / "output").read_text()
                arrived(here, say(path))
            finally:
                process.terminate()
                process.wait(20)


@pytest.mark.parametrize("way", ["basic", "api_key", "bearer"])
def test_the_elasticsearch_client(tmp_path: Path, way: str) -> None:
    auth = {
        "basic": {"basic_auth": ("dc1", TOKEN)},
        "api_key": {"api_key": ("dc1", TOKEN)},
        "bearer": {"bearer_auth": TOKEN},
    }
    with running(tmp_path) as here:
        host, port = here.address("http")
        with Elasticsearch(f"http://{host}:{port}", http_compress=True, **auth[way]) as client:
            assert client.info()["version"]["number"] == "8.17.0"
            assert client.cluster.health()["status"] == "green"
            documents = ({"_index": "logs", "number": number} for number in range(2_500))
            assert helpers.bulk(client, documents, chunk_size=500) == (2_500, [])
            assert client.index(index="logs", document={"number": -1})["result"] == "created"
            done, failed = helpers.bulk(
                client, [{"_op_type": "delete", "_index": "a", "_id": "1"}], raise_on_error=False
            )
            assert (done, failed[0]["delete"]["status"]) == (0, 400)
        assert here.bodies() == [b'{"number":%d}' % number for number in [*range(2_500), -1]]


def test_the_elasticsearch_client_over_tls_repeats_what_was_put_off(tmp_path: Path, authority: Authority) -> None:
    with running(tmp_path, https=ANY, tenant_rate=150, tenant_burst=150) as here:
        _, port = here.address("https")
        options = {"ca_certs": str(authority.folder / "ca.crt"), "basic_auth": ("dc1", TOKEN), "max_retries": 0}
        with Elasticsearch(f"https://localhost:{port}", **options) as client:
            documents = ({"_index": "logs", "number": number} for number in range(400))
            done, failed = helpers.bulk(client, documents, chunk_size=100, max_retries=9, initial_backoff=1)
        assert (done, failed) == (400, [])
        assert here.receiving.intake.tally("elastic", NORTH).put_off > 0
        assert here.bodies() == [b'{"number":%d}' % number for number in range(400)]


@pytest.mark.parametrize("compression", [Compression.NoCompression, Compression.Gzip])
def test_the_opentelemetry_sdk(tmp_path: Path, compression: Compression) -> None:
    with running(tmp_path) as here:
        host, port = here.address("http")
        exporter = OTLPLogExporter(
            endpoint=f"http://{host}:{port}/v1/logs",
            headers={"authorization": f"Bearer {TOKEN}"},
            compression=compression,
        )
        provider = LoggerProvider()
        provider.add_log_record_processor(SimpleLogRecordProcessor(exporter))
        logger = provider.get_logger("tests")
        for number in range(20):
            logger.emit(severity_number=SeverityNumber.INFO, body=f"<13>message {number}")
        logger.emit(body={"EventID": 1, "list": ["a", "b"]})
        provider.shutdown()
        assert here.plain()[:20] == [b"<13>message %d" % number for number in range(20)]
        assert here.plain()[20] == b'{"EventID":1,"list":["a","b"]}'
        (said,) = here.said()[20:]
        assert said is not None
        assert said.fields["telemetry.sdk.language"] == "python"
        assert said.time is not None
    logging.getLogger("opentelemetry").handlers.clear()


def test_curl_as_splunk_documents_it(tmp_path: Path, authority: Authority) -> None:
    if shutil.which("curl") is None:
        pytest.skip("curl is not installed")
    sensor = Sensor("hec1", "north", ("windows_json", "syslog"), token=hashed("B5A79AAD-D822-46CC-80D1-819F80D7BFB0"))
    header = "Authorization: Splunk B5A79AAD-D822-46CC-80D1-819F80D7BFB0"
    with running(tmp_path, (sensor,), https=ANY) as here:
        _, port = here.address("https")
        base = f"https://localhost:{port}/services/collector"

        def curl(*args: str) -> str:
            command = ["curl", "-sS", "--cacert", str(authority.folder / "ca.crt"), "-H", header, *args]
            return subprocess.run(command, capture_output=True, check=True, text=True, timeout=30).stdout

        assert (
            curl(f"{base}/event", "-d", '{"event": "hello world", "sourcetype": "manual"}')
            == '{"text":"Success","code":0}'
        )
        assert (
            curl(f"{base}/event", "-d", '{"event": {"a": 1}, "sourcetype": "windows_json"}')
            == '{"text":"Success","code":0}'
        )
        channel = "FE0ECFAD-13D5-401B-847D-77833BD77131"
        raw = curl(f"{base}/raw?channel={channel}", "--data-binary", "1, 2, 3... Hello\nworld")
        assert raw == '{"text":"Success","code":0,"ackId":0}'
        assert curl(f"{base}/ack?channel={channel}", "-d", '{"acks":[0,1]}') == '{"acks":{"0":true,"1":false}}'
        assert curl(f"{base}/health") == '{"text":"HEC is healthy","code":17}'
        assert [(frame["source_hint"], parts(frame["body"])[1]) for frame in here.frames()] == [
            (None, b"hello world"),
            ("windows_json", b'{"a":1}'),
            (None, b"1, 2, 3... Hello"),
            (None, b"world"),
        ]
