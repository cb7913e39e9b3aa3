"""The key of each lane, in a folder that only the service's user can read.

A lane's key is made when its first frame is written, and is on stable storage before the frame is. Segments are
encrypted with keys derived from it, one each, so that no pair of key and nonce is ever used twice.
"""

import secrets
import stat
from pathlib import Path

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from wardwatch.kernel.disk import Disk, atomic_write
from wardwatch.kernel.errors import InputError
from wardwatch.kernel.tenants import checked

_SIZE = 32
_OTHERS = stat.S_IRWXG | stat.S_IRWXO


class Keys:
    """Keys of lanes below `folder` (`$WARDWATCH_HOME/keys`): `spool/<tenant>.key`, 32 random bytes in hex."""

    def __init__(self, folder: Path, disk: Disk) -> None:
        self._folder = folder / "spool"
        self._disk = disk

    def lane(self, tenant: str) -> bytes:
        """Read a lane's key; raises `InputError` if it is missing, damaged, or open to others."""
        path = self._path(tenant)
        try:
            if path.stat().st_mode & _OTHERS:
                raise InputError("a key that others can read", where=str(path), hint=f"chmod 600 {path}")
            key = bytes.fromhex(path.read_text(encoding="ascii"))
        except FileNotFoundError:
            hint = "bring it back from your safe copy: without it this spool cannot be read"
            raise InputError("the key of this spool is missing", where=str(path), hint=hint) from None
        except (OSError, ValueError) as error:
            raise InputError(f"the key of this spool cannot be read: {error}", where=str(path)) from None
        if len(key) != _SIZE:
            raise InputError("the key of this spool is damaged", where=str(path), hint="bring back your safe copy")
        return key

    def lane_or_new(self, tenant: str) -> bytes:
        """Read a lane's key, or make one durably. Only the one writer of a spool may call this."""
        path = self._path(tenant)
        if not path.exists():
            self._disk.make_folder(self._folder)
            atomic_write(self._disk, path, secrets.token_hex(_SIZE).encode())
        return self.lane(tenant)

    def _path(self, tenant: str) -> Path:
        return self._folder / f"{checked(tenant)}.key"


def derived(key: bytes, segment: str) -> bytes:
    """Return the AES-256 key of one segment (HKDF, RFC 5869, with the segment's name as salt)."""
    return HKDF(SHA256(), _SIZE, salt=segment.encode(), info=b"wardwatch/spool/1").derive(key)


def fingerprint(key: bytes) -> bytes:
    """8 bytes that say which lane key a segment was written with, and nothing about it."""
    return HKDF(SHA256(), 8, salt=None, info=b"wardwatch/spool/1 fingerprint").derive(key)
