"""The local authority: what it issues is what TLS wants, and lies where only its owner can read it."""

from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.x509.verification import PolicyBuilder, Store

from wardwatch.kernel.disk import Disk
from wardwatch.kernel.errors import InputError
from wardwatch.listeners.tls import Authority, peer_certificate, server_context

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    found = Authority(tmp_path / "tls", Disk())
    assert not found.exists
    found.create(NOW)
    assert found.exists
    return found


def test_certificates_are_what_verifiers_want(authority: Authority) -> None:
    ca = x509.load_pem_x509_certificate((authority.folder / "ca.crt").read_bytes())
    server = x509.load_pem_x509_certificate(authority.server(("siem.chu.example", "10.0.0.5", "::1"), NOW).certificate)
    client = x509.load_pem_x509_certificate(authority.client("fw1", "north", NOW).certificate)
    policy = PolicyBuilder().store(Store([ca])).time(NOW + timedelta(days=800))
    assert policy.build_server_verifier(x509.DNSName("siem.chu.example")).verify(server, [])
    assert policy.build_server_verifier(x509.IPAddress(ip_address("10.0.0.5"))).verify(server, [])
    assert policy.build_client_verifier().verify(client, [])
    with pytest.raises(x509.verification.VerificationError):
        policy.build_client_verifier().verify(server, [])
    assert client.subject.rfc4514_string() == "CN=fw1,O=north"


def test_keys_are_private(authority: Authority) -> None:
    authority.server(("localhost",), NOW)
    assert sorted(path.name for path in authority.folder.iterdir()) == ["ca.crt", "ca.key", "server.crt", "server.key"]
    assert all(path.stat().st_mode & 0o077 == 0 for path in authority.folder.iterdir())


def test_a_context_needs_its_files(authority: Authority, tmp_path: Path) -> None:
    ca, crt, key = (authority.folder / name for name in ("ca.crt", "server.crt", "server.key"))
    with pytest.raises(InputError, match="no certificate"):
        server_context(crt, key, ca)
    authority.server(("localhost",), NOW)
    assert server_context(crt, key, ca).verify_mode.name == "CERT_OPTIONAL"
    assert server_context(crt, key, tmp_path / "none").verify_mode.name == "CERT_NONE"
    crt.write_text("no certificate")
    with pytest.raises(InputError, match="cannot be used"):
        server_context(crt, key, ca)
    assert peer_certificate(None) is None


def test_no_authority(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no authority"):
        Authority(tmp_path, Disk()).client("fw1", "north", NOW)
    (tmp_path / "ca.crt").write_text("x")
    (tmp_path / "ca.key").write_text("x")
    with pytest.raises(InputError, match="cannot be read"):
        Authority(tmp_path, Disk()).client("fw1", "north", NOW)
