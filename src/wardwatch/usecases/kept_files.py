"""Files that people hand in as evidence: kept in the home under the SHA-256 of what is in them."""

import hashlib
import os
from collections.abc import Iterable
from pathlib import Path

from wardwatch.kernel.disk import Disk
from wardwatch.kernel.errors import AccessError, InputError
from wardwatch.usecases.installation import home

LARGEST = 512 << 20  # bytes


def keep(tenant: str, chunks: Iterable[bytes], largest: int = LARGEST) -> tuple[str, int]:
    """Keep a file; returns its SHA-256 and size. Raises `InputError` for one of more than `largest` bytes."""
    disk, folder = Disk(), home() / "evidence" / tenant
    disk.make_folder(folder)
    part = folder / f".{os.getpid()}-{id(chunks)}.part"
    digest, size = hashlib.sha256(), 0
    try:
        with disk.create(part) as file:
            for chunk in chunks:
                size += len(chunk)
                if size > largest:
                    hint = "keep it elsewhere, note its hash"
                    raise InputError(
                        f"larger than {largest >> 20} MiB", fr=f"plus de {largest >> 20} Mio", where="file", hint=hint
                    )
                digest.update(chunk)
                file.write(chunk)
            file.sync()
        disk.replace(part, folder / digest.hexdigest())
        disk.sync_folder(folder)
    finally:
        part.unlink(missing_ok=True)
    return digest.hexdigest(), size


def place(tenant: str, sha256: str, name: str) -> Path:
    """Where a file lies. Raises `AccessError` where it is gone, `InputError` where it was changed."""
    path = home() / "evidence" / tenant / sha256
    if not sha256 or not path.is_file():
        raise AccessError("not found, or not yours")
    with path.open("rb") as file:
        if hashlib.file_digest(file, "sha256").hexdigest() != sha256:
            raise InputError(
                "the file is no longer what was kept",
                fr="le fichier n’est plus celui qui a été conservé",
                where=name,
                hint="do not use it; tell the CISO",
                hint_fr="ne l’utilisez pas ; prévenez le RSSI",
            )
    return path
