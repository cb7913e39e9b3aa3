"""The keys from which tokens are computed: one for each tenant and epoch, so that an epoch can be forgotten.

An epoch is a stretch of days, counted from 1970; within it a value always has the same token. Who destroys an epoch's
key makes its tokens unlinkable for ever.
"""

import hmac
import re
import secrets
from collections.abc import Mapping
from pathlib import Path

from wardwatch.kernel.disk import Disk, atomic_write
from wardwatch.kernel.errors import InputError
from wardwatch.kernel.tenants import checked

DAY = 86_400_000_000  # µs
DAYS = 365  # of an epoch, if nothing else is asked: the retention period
_SIZE = 32
_DIGITS = 32  # of a token: 128 bits
_NAME = re.compile(r"epoch-(\d{1,6})\.key")
TOKEN = re.compile(r"p:\d{1,6}:[0-9a-f]{32}")


class EpochKeys:
    """Keys of one tenant in `<folder>/privacy/<tenant>/epoch-<number>.key`, 32 random bytes in hex."""

    def __init__(self, folder: Path, tenant: str, disk: Disk, days: int = DAYS) -> None:
        self.folder = folder / "privacy" / checked(tenant)
        self._tenant = tenant
        self._disk = disk
        self._days = days
        self._keys: dict[int, bytes] = {}

    def epoch(self, stamp: int) -> int:
        """The number of the epoch of a time in µs."""
        return stamp // (self._days * DAY)

    def token(self, value: str, epoch: int) -> str:
        """The token of a value; makes the epoch's key if there is none. What is a token already stays as it is."""
        stripped = value.strip()
        return stripped if TOKEN.fullmatch(stripped) else _token(self._key(epoch), self._tenant, stripped, epoch)

    def tokens(self, value: str) -> tuple[str, ...]:
        """The tokens of a value in all epochs whose keys are kept: what a search for the value looks for."""
        return tuple(_token(key, self._tenant, value.strip(), epoch) for epoch, key in sorted(self.kept().items()))

    def kept(self) -> Mapping[int, bytes]:
        """The keys that are there, by epoch."""
        found = (_NAME.fullmatch(path.name) for path in (self.folder.iterdir() if self.folder.is_dir() else ()))
        return {int(one[1]): self._read(int(one[1])) for one in found if one}

    def _path(self, epoch: int) -> Path:
        return self.folder / f"epoch-{epoch}.key"

    def _key(self, epoch: int) -> bytes:
        if epoch not in self._keys:
            path = self._path(epoch)
            if not path.exists():
                self._disk.make_folder(self.folder)
                atomic_write(self._disk, path, secrets.token_hex(_SIZE).encode())
            self._keys[epoch] = self._read(epoch)
        return self._keys[epoch]

    def _read(self, epoch: int) -> bytes:
        path = self._path(epoch)
        try:
            key = bytes.fromhex(path.read_text(encoding="ascii"))
        except (OSError, ValueError) as error:
            hint = "bring back your safe copy: another key would give patients other tokens"
            raise InputError(f"the key of an epoch cannot be read: {error}", where=str(path), hint=hint) from None
        if len(key) != _SIZE:
            raise InputError("the key of an epoch is damaged", where=str(path), hint="bring back your safe copy")
        return key


def _token(key: bytes, tenant: str, value: str, epoch: int) -> str:
    """HMAC-SHA-256 (RFC 2104) over tenant and value, cut to 128 bits."""
    digest = hmac.digest(key, tenant.encode() + b"\x00" + value.encode("utf-8", "surrogatepass"), "sha256")
    return f"p:{epoch}:{digest.hex()[:_DIGITS]}"
