r"""Samba's file audit, written by the VFS module `full_audit`.

Reference: the manual page vfs_full_audit(8); a line is `smbd_audit: PREFIX|OPERATION|RESULT|ARGUMENTS`.
Configure

    full_audit:prefix = %u|%I|%m|%S
    full_audit:success = connect disconnect openat renameat unlinkat mkdirat pwrite
    full_audit:failure = connect openat

`%u` becomes `User`, `%I` `ClientAddress`, `%m` `ClientName`, `%S` `Share`. A shorter prefix is read where
the client's address tells which part is which (`%u|%I` is Samba's default); parts before the user are kept
as `Prefix`. What else would have to be guessed is rejected. Read from syslog and from Samba's own log files
(`full_audit:syslog = false`), where a header line with the time stands above each record.
"""

import re
from collections.abc import Iterator
from ipaddress import ip_address
from posixpath import basename, splitext
from typing import BinaryIO

from wardwatch.events.logsource import LogSource
from wardwatch.events.record import RECEIVED, ZONE_ASSUMED, Record, Reject, Value
from wardwatch.frames import heads, syslog
from wardwatch.kernel import stamps
from wardwatch.sources import Body, Context, Sample, Source, each, lines

_LOGSOURCE = LogSource("samba", None, "vfs_full_audit")
_NAMES = ("User", "ClientAddress", "ClientName", "Share")  # of the parts of the documented prefix
_RESULT = re.compile(r"ok|fail(?:ed)?(?: \([^|]{0,200}\))?")
_RECORD = re.compile(rb"\|[a-z][a-z0-9_]{2,40}\|(?:ok|fail(?:ed)?(?: \([^|]{0,200}\))?)(?:\||\s*$)", re.MULTILINE)
_REPEATED = re.compile(r"message repeated (\d{1,9}) times: \[ ?(.*)\]$", re.DOTALL)
_OWN_HEADER = re.compile(rb"\[(\d{4})/(\d\d)/(\d\d) (\d\d:\d\d:\d\d(?:\.\d{1,6})?),[^\]]{0,80}\]")
_TWO_PATHS = frozenset({"rename", "renameat", "link", "linkat", "symlink", "symlinkat"})
_OPENS = frozenset({"open", "openat"})
_TRAILING = {"chmod": 1, "fchmod": 1, "chown": 2, "fchown": 2, "lchown": 2, "fsetxattr": 1, "setxattr": 1}
_OPERATIONS = frozenset({
    "aio_force", "audit_file", "brl_lock_windows", "brl_unlock_windows", "chdir", "chflags", "chmod",
    "chmod_acl", "chown", "close", "closedir", "connect", "connectpath", "copy_chunk_recv",
    "copy_chunk_send", "create_dfs_pathat", "create_file", "disconnect", "disk_free", "durable_cookie",
    "durable_disconnect", "durable_reconnect", "fallocate", "fchflags", "fchmod", "fchmod_acl", "fchown",
    "fcntl", "fdopendir", "fget_compression", "fget_dos_attributes", "fget_nt_acl", "fgetxattr",
    "file_id_create", "filesystem_sharemode", "flistxattr", "fntimes", "freaddir_attr", "fremovexattr",
    "fs_capabilities", "fs_file_id", "fsctl", "fset_dos_attributes", "fset_nt_acl", "fsetxattr", "fstat",
    "fstatat", "fstreaminfo", "fsync", "fsync_recv", "fsync_send", "ftruncate", "get_alloc_size",
    "get_compression", "get_dfs_referrals", "get_dos_attributes", "get_dos_attributes_recv",
    "get_dos_attributes_send", "get_nt_acl", "get_nt_acl_at", "get_quota", "get_real_filename",
    "get_real_filename_at", "get_shadow_copy_data", "getlock", "getwd", "getxattr", "getxattrat_recv",
    "getxattrat_send", "is_offline", "kernel_flock", "lchown", "link", "linkat", "linux_setlease",
    "listxattr", "llistxattr", "lock", "lseek", "lstat", "mkdir", "mkdirat", "mknod", "mknodat", "ntimes",
    "offload_read_recv", "offload_read_send", "offload_write_recv", "offload_write_send", "open",
    "openat", "opendir", "parent_pathname", "pread", "pread_recv", "pread_send", "pwrite", "pwrite_recv",
    "pwrite_send", "read", "read_dfs_pathat", "readdir", "readdir_attr", "readlink", "readlinkat",
    "realpath", "recvfile", "removexattr", "rename", "renameat", "rewinddir", "rmdir", "seekdir",
    "sendfile", "set_compression", "set_dos_attributes", "set_nt_acl", "set_offline", "set_quota",
    "setxattr", "snap_check_path", "snap_create", "snap_delete", "stat", "statvfs", "streaminfo",
    "strict_lock_check", "symlink", "symlinkat", "sys_acl_blob_get_fd", "sys_acl_blob_get_file",
    "sys_acl_delete_def_fd", "sys_acl_delete_def_file", "sys_acl_get_fd", "sys_acl_get_file",
    "sys_acl_set_fd", "sys_acl_set_file", "telldir", "translate_name", "unlink", "unlinkat", "utime",
    "write",
})  # fmt: skip


def _parse(body: bytes, context: Context) -> Record | str:
    header, _, record = body.rpartition(b"\n")
    line = syslog.parse(syslog.text(record), context.received_at, context.zone)
    fields: dict[str, Value] = {}
    message = line.message.strip().removeprefix("smbd_audit:").lstrip()
    if repeated := _REPEATED.match(message):
        fields["Repeated"] = int(repeated[1])
        message = repeated[2]
    parts = message.split("|")
    at = _operation(parts)
    if at is None:
        return "no operation of full_audit, or its place is not certain"
    reason = _prefix(parts[:at], fields)
    if reason:
        return reason
    fields["Operation"], fields["Result"] = parts[at], parts[at + 1]
    _arguments(parts[at], parts[at + 2 :], fields)
    occurred_at, quality = line.occurred_at, line.time_quality
    if occurred_at is None and (own := _OWN_HEADER.match(header)):
        year, month, day, clock = (part.decode() for part in own.groups())
        occurred_at, _ = stamps.iso(f"{year}-{month}-{day}T{clock}", context.zone)
        quality = ZONE_ASSUMED
    user = fields.get("User")
    return Record(0, _LOGSOURCE, fields, occurred_at, quality, line.host, str(user) if user else None)


def _operation(parts: list[str]) -> int | None:
    """Return the index of the operation. The documented place wins: a client may call itself anything."""
    places = [
        at for at in range(1, min(len(parts) - 1, 12)) if parts[at] in _OPERATIONS and _RESULT.fullmatch(parts[at + 1])
    ]
    if len(_NAMES) in places:
        return len(_NAMES)
    return places[0] if len(places) == 1 else None


def _prefix(parts: list[str], fields: dict[str, Value]) -> str | None:
    """Name the parts of the prefix; a string is the reason why that cannot be done."""
    if len(parts) == len(_NAMES):
        fields.update((name, part) for name, part in zip(_NAMES, parts, strict=True) if part)
        return None
    addresses = [at for at, part in enumerate(parts) if _is_address(part)]
    if parts and len(addresses) == 1:
        user_at = addresses[0] - 1
        named = parts[max(user_at, 0) :]
        if user_at >= 0 and len(named) in (2, len(_NAMES)):
            fields.update((name, part) for name, part in zip(_NAMES, named, strict=False) if part)
            if user_at:
                fields["Prefix"] = parts[:user_at]
            return None
        if parts == [parts[addresses[0]]]:
            fields["ClientAddress"] = parts[0]
            return None
    return f"prefix of {len(parts)} parts; configure full_audit:prefix = %u|%I|%m|%S"


def _is_address(part: str) -> bool:
    try:
        ip_address(part.removeprefix("ipv4:").removeprefix("::ffff:"))
    except ValueError:
        return False
    return True


def _arguments(operation: str, arguments: list[str], fields: dict[str, Value]) -> None:
    if operation in _OPENS and len(arguments) > 1:
        fields["Mode"], *arguments = arguments
    elif operation == "create_file" and len(arguments) > 3:  # noqa: PLR2004  (mask, kind, disposition, path)
        fields["AccessMask"], fields["Kind"], fields["Disposition"], *arguments = arguments
    elif operation in ("connect", "disconnect"):
        fields.setdefault("Share", "|".join(arguments))
        return
    elif operation == "chdir" and arguments[:1] == ["chdir"]:
        arguments = arguments[1:]
    elif (trailing := _TRAILING.get(operation)) and len(arguments) > trailing:
        arguments, fields["Arguments"] = arguments[:-trailing], arguments[-trailing:]
    if operation in _TWO_PATHS and len(arguments) > 1:
        fields["Path"], fields["NewPath"] = arguments[0], "|".join(arguments[1:])
    elif arguments:
        fields["Path"] = "|".join(arguments)
    extension = splitext(basename(str(fields.get("NewPath", fields.get("Path", "")))))[1]
    if len(extension) > 1:
        fields["Extension"] = extension[1:].lower()


def _split(stream: BinaryIO) -> Iterator[Body | Reject]:
    """Lines; the header line of Samba's own log files stays with the record below it."""
    header: Body | None = None
    for item in lines(stream):
        if isinstance(item, Reject):
            yield item
            continue
        if _OWN_HEADER.match(item[1]):
            if header:
                yield header
            header = item
            continue
        yield (header[0], header[1] + b"\n" + item[1]) if header else item
        header = None
    if header:
        yield header


def _sniff(head: bytes, _name: str) -> int:
    found = heads.confidence(head, _RECORD, 92)
    if found or not _OWN_HEADER.match(head):
        return found
    return round(92 * min(1.0, 2 * heads.share(head, _RECORD)))


source = Source("samba_audit", "Samba full_audit (file servers)", _sniff, each(_parse), split=_split)

SAMPLE = (
    Sample(
        log=rb"""<134>Nov 23 03:12:44 files01 smbd_audit[4311]: HOSP\nadine|10.4.2.17|PC-0417|imaging|renameat|ok|/srv/imaging/ct/scan.docx|/srv/imaging/ct/scan.docx.LockBit
2026-11-23T03:12:45.250000+01:00 files01 smbd_audit: nadine|10.4.2.17|PC-0417|imaging|openat|fail (Permission denied)|w|/srv/imaging/a|b.TXT
nadine|10.4.2.17|PC-0417|imaging|create_file|ok|0x100080|file|open|/srv/imaging/report
Nov 23 03:12:46 files01 smbd_audit: nadine|10.4.2.17|unlinkat|ok|/srv/imaging/x.dcm
Nov 23 03:12:46 files01 smbd_audit: HOSP|nadine|10.4.2.17|open|ok|imaging|pwrite|ok|/srv/imaging/y
Nov 23 03:12:47 files01 smbd_audit: nadine|10.4.2.17|imaging|pwrite|ok|/srv/imaging/y
Nov 23 03:12:48 files01 smbd_audit: nadine|10.4.2.17|PC-0417|imaging|connect|ok|imaging
Nov 23 03:12:49 files01 smbd[4311]: daemon_ready: finished starting up
""",  # noqa: E501
        events=(
            {
                "@logsource": _LOGSOURCE,
                "@time": "2026-11-23T03:12:44Z",
                "@host": "files01",
                "@user": r"HOSP\nadine",
                "@quality": ZONE_ASSUMED,
                "User": r"HOSP\nadine",
                "ClientAddress": "10.4.2.17",
                "ClientName": "PC-0417",
                "Share": "imaging",
                "Operation": "renameat",
                "Result": "ok",
                "Path": "/srv/imaging/ct/scan.docx",
                "NewPath": "/srv/imaging/ct/scan.docx.LockBit",
                "Extension": "lockbit",
            },
            {
                "@time": "2026-11-23T02:12:45.250000Z",
                "Operation": "openat",
                "Result": "fail (Permission denied)",
                "Mode": "w",
                "Path": "/srv/imaging/a|b.TXT",
                "Extension": "txt",
            },
            {
                "@quality": RECEIVED,
                "Operation": "create_file",
                "Disposition": "open",
                "Path": "/srv/imaging/report",
            },
            {"User": "nadine", "ClientAddress": "10.4.2.17", "Operation": "unlinkat", "Extension": "dcm"},
            {"Operation": "connect", "Share": "imaging"},
        ),
        rejects=3,
    ),
    Sample(
        log=b"""[2026/11/23 03:12:44.500000,  0] ../../source3/modules/vfs_full_audit.c:570(do_log)
  nadine|10.4.2.17|PC-0417|imaging|mkdirat|ok|/srv/imaging/new
""",
        events=({"@time": "2026-11-23T03:12:44.500000Z", "Operation": "mkdirat", "Path": "/srv/imaging/new"},),
    ),
)
