"""Zstandard files (RFC 8878) as streams that notice when they are cut off: the library's own reader just ends there."""

import io
from pathlib import Path

import zstandard

# Packed bytes taken at once. A frame can hold 32,768 times its size, so this bounds memory to 64 MiB.
_STEP = 2048


class ZstdFile(io.RawIOBase):
    """Read the frames of `path`, one after the other, as one stream.

    `window` is the memory in bytes that a frame may ask for. Reading raises `zstandard.ZstdError` for what is
    damaged, and `EOFError` where the last frame has no end.
    """

    def __init__(self, path: str, window: int) -> None:
        super().__init__()
        self._file = Path(path).open("rb")  # noqa: SIM115  (closed with this stream)
        self._library = zstandard.ZstdDecompressor(max_window_size=window)
        self._frame = self._library.decompressobj()
        self._inside = False  # a frame has begun
        self._ready = memoryview(b"")

    def readable(self) -> bool:
        """It is."""
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        """Fill `buffer` as far as is at hand; 0 at the end."""
        while not self._ready:
            packed = self._frame.unused_data or self._file.read(_STEP)
            if not packed:
                if self._inside:
                    raise EOFError("cut off in the middle of a frame")
                return 0
            if self._frame.eof:
                self._frame = self._library.decompressobj()
            self._ready = memoryview(self._frame.decompress(packed))
            self._inside = not self._frame.eof
        size = min(len(buffer), len(self._ready))
        buffer[:size] = self._ready[:size]
        self._ready = self._ready[size:]
        return size

    def close(self) -> None:
        """Close the file too."""
        self._file.close()
        super().close()
