"""A block: the frames of one group commit, compressed, then encrypted (docs/reference/formats.md).

Layout, little-endian: `WWB1`, length of what follows the head (u32), frames (u32), first seq (u64), nonce (12 bytes),
CRC-32 of the head so far (u32); then AES-256-GCM (NIST SP 800-38D) over a zstd frame of an Arrow IPC record batch
message of Frame v1, with the head as associated data. The nonce is the block's place in its segment: a block that
was moved, copied or altered is not read.
"""

import struct
import zlib
from dataclasses import dataclass

import pyarrow as pa
import zstandard
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from wardwatch.frames.frame import SCHEMA

MAGIC = b"WWB1"
MAX_LENGTH = 128 * 1024 * 1024  # a head that says more is damaged
MAX_PLAIN = 256 * 1024 * 1024
_HEAD = struct.Struct("<4sIIQ12s")
_CRC = struct.Struct("<I")
HEAD_SIZE = _HEAD.size + _CRC.size
_LEVEL = 1  # of zstd: the disk is faster than higher ones


@dataclass(frozen=True, slots=True)
class Head:
    """What a block's head says; `raw` are its bytes."""

    length: int
    frames: int
    first_seq: int
    nonce: bytes
    raw: bytes

    @property
    def end_seq(self) -> int:
        """The seq behind the block's last frame."""
        return self.first_seq + self.frames


class Cipher:
    """Writes and reads the blocks of one segment; `key` is the segment's own."""

    def __init__(self, key: bytes) -> None:
        self._aes = AESGCM(key)
        self._compressor = zstandard.ZstdCompressor(level=_LEVEL)
        self._decompressor = zstandard.ZstdDecompressor()

    def encode(self, batch: pa.RecordBatch, first_seq: int, place: int) -> bytes:
        """Return the block of a Frame v1 batch; `place` is its number in the segment, used once."""
        packed = self._compressor.compress(memoryview(batch.serialize()))
        nonce = place.to_bytes(12, "big")
        length = len(packed) + 16  # GCM's tag
        head = _HEAD.pack(MAGIC, length, batch.num_rows, first_seq, nonce)
        head += _CRC.pack(zlib.crc32(head))
        return head + self._aes.encrypt(nonce, packed, head)

    def decode(self, head: Head, sealed: bytes) -> pa.RecordBatch:
        """Return the batch of a block; raises `ValueError` where it is not as it was written."""
        try:
            packed = self._aes.decrypt(head.nonce, sealed, head.raw)
            plain = self._decompressor.decompress(packed, max_output_size=MAX_PLAIN)
        except InvalidTag:
            raise ValueError("not as it was written") from None
        except zstandard.ZstdError as error:
            raise ValueError(str(error)) from None
        batch = pa.ipc.read_record_batch(pa.py_buffer(plain), SCHEMA)
        if batch.num_rows != head.frames:
            raise ValueError("not as many frames as its head says")
        return batch


def head(raw: bytes) -> Head | None:
    """Read a head; `None` if it is none or is damaged."""
    if len(raw) < HEAD_SIZE or not raw.startswith(MAGIC):
        return None
    stated = raw[:HEAD_SIZE]
    if _CRC.unpack_from(stated, _HEAD.size)[0] != zlib.crc32(stated[: _HEAD.size]):
        return None
    _, length, frames, first_seq, nonce = _HEAD.unpack_from(stated)
    return Head(length, frames, first_seq, nonce, stated) if length <= MAX_LENGTH else None
