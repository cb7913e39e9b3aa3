"""TLS of the listeners: a local authority, the server's certificate, and client certificates of sensors.

A hospital's node needs nobody else for it. Keys are elliptic (P-256) and lie in `keys/tls`, readable by their owner.
"""

import hashlib
import ipaddress
import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from wardwatch.kernel.disk import Disk, atomic_write
from wardwatch.kernel.errors import InputError

_AUTHORITY_DAYS, _SERVER_DAYS, _CLIENT_DAYS = 3_650, 825, 825
_EARLIER = timedelta(hours=1)  # clocks of senders may be behind


@dataclass(frozen=True, slots=True)
class Pair:
    """A certificate and its key, in PEM."""

    certificate: bytes
    key: bytes

    @property
    def sha256(self) -> str:
        """SHA-256 of the certificate (DER), in hex."""
        found = x509.load_pem_x509_certificate(self.certificate)
        return hashlib.sha256(found.public_bytes(Encoding.DER)).hexdigest()


class Authority:
    """The local authority, in `folder`: `ca.crt` and `ca.key`."""

    def __init__(self, folder: Path, disk: Disk) -> None:
        self.folder = folder
        self._disk = disk

    @property
    def exists(self) -> bool:
        """Whether there is one."""
        return (self.folder / "ca.key").exists()

    def create(self, now: datetime) -> None:
        """Make the authority; valid for ten years."""
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name(
            [
                x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Wardwatch"),
                x509.NameAttribute(NameOID.COMMON_NAME, "Wardwatch local authority"),
            ]
        )
        usage = _usage(key_cert_sign=True, crl_sign=True, digital_signature=False)
        certificate = (
            _builder(name, key, name, key.public_key(), (now, _AUTHORITY_DAYS))
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(usage, critical=True)
            .sign(key, hashes.SHA256())
        )
        self._disk.make_folder(self.folder)
        self._write("ca", _pair(certificate, key))

    def server(self, names: Sequence[str], now: datetime) -> Pair:
        """Issue the server's certificate for host names and addresses, and write `server.crt` and `server.key`."""
        alternatives = x509.SubjectAlternativeName([_general_name(one) for one in names])
        pair = self._issue(names[0], None, ExtendedKeyUsageOID.SERVER_AUTH, alternatives, (now, _SERVER_DAYS))
        self._write("server", pair)
        return pair

    def client(self, sensor: str, tenant: str, now: datetime) -> Pair:
        """Issue a client certificate for a sensor of a tenant; it is not kept here."""
        alternatives = x509.SubjectAlternativeName([x509.UniformResourceIdentifier(f"wardwatch:{tenant}:{sensor}")])
        return self._issue(sensor, tenant, ExtendedKeyUsageOID.CLIENT_AUTH, alternatives, (now, _CLIENT_DAYS))

    def _issue(
        self,
        common_name: str,
        organisation: str | None,
        usage: x509.ObjectIdentifier,
        alternatives: x509.SubjectAlternativeName,
        valid: tuple[datetime, int],
    ) -> Pair:
        authority, authority_key = self._load()
        key = ec.generate_private_key(ec.SECP256R1())
        attributes = [x509.NameAttribute(NameOID.COMMON_NAME, common_name[:64])]
        if organisation is not None:
            attributes.insert(0, x509.NameAttribute(NameOID.ORGANIZATION_NAME, organisation))
        certificate = (
            _builder(x509.Name(attributes), authority_key, authority.subject, key.public_key(), valid)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_usage(digital_signature=True), critical=True)
            .add_extension(x509.ExtendedKeyUsage([usage]), critical=False)
            .add_extension(alternatives, critical=False)
            .sign(authority_key, hashes.SHA256())
        )
        return _pair(certificate, key)

    def _load(self) -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey]:
        try:
            certificate = x509.load_pem_x509_certificate((self.folder / "ca.crt").read_bytes())
            key = load_pem_private_key((self.folder / "ca.key").read_bytes(), password=None)
        except FileNotFoundError:
            raise InputError("no authority yet", where=str(self.folder), hint="wardwatch ingest tls init") from None
        except ValueError as error:
            raise InputError(f"the authority cannot be read: {error}", where=str(self.folder)) from None
        assert isinstance(key, ec.EllipticCurvePrivateKey)
        return certificate, key

    def _write(self, name: str, pair: Pair) -> None:
        """The key first: a certificate whose key is missing is worse than the other way round."""
        atomic_write(self._disk, self.folder / f"{name}.key", pair.key)
        atomic_write(self._disk, self.folder / f"{name}.crt", pair.certificate)


def server_context(certificate: Path, key: Path, client_ca: Path) -> ssl.SSLContext:
    """Return what a listener speaks TLS with: 1.2 or later; a client may show a certificate of our authority."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.options |= ssl.OP_NO_RENEGOTIATION
    try:
        context.load_cert_chain(certificate, key)
        if client_ca.exists():
            context.load_verify_locations(client_ca)
            context.verify_mode = ssl.CERT_OPTIONAL
    except FileNotFoundError:
        raise InputError("no certificate for TLS", where=str(certificate), hint="wardwatch ingest tls init") from None
    except ssl.SSLError as error:
        raise InputError(f"the certificate cannot be used: {error.reason}", where=str(certificate)) from None
    return context


def peer_certificate(ssl_object: object) -> bytes | None:
    """Return the verified client certificate (DER) of a connection, if it showed one."""
    if isinstance(ssl_object, ssl.SSLObject | ssl.SSLSocket):
        return ssl_object.getpeercert(binary_form=True)
    return None


def _general_name(text: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(text))
    except ValueError:
        return x509.DNSName(text)


def _builder(
    subject: x509.Name,
    signer: ec.EllipticCurvePrivateKey,
    issuer: x509.Name,
    public_key: ec.EllipticCurvePublicKey,
    valid: tuple[datetime, int],
) -> x509.CertificateBuilder:
    now, days = valid
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public_key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _EARLIER)
        .not_valid_after(now + timedelta(days=days))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public_key), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False)
    )


def _usage(*, digital_signature: bool = True, key_cert_sign: bool = False, crl_sign: bool = False) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=digital_signature,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=key_cert_sign,
        crl_sign=crl_sign,
        encipher_only=False,
        decipher_only=False,
    )


def _pair(certificate: x509.Certificate, key: ec.EllipticCurvePrivateKey) -> Pair:
    return Pair(
        certificate.public_bytes(Encoding.PEM),
        key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()),
    )
