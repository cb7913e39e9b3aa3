"""RELP, the Reliable Event Logging Protocol of rsyslog: syslog with an acknowledgement for each message.

Source: the protocol description that comes with librelp (`doc/relp.html`): frames are
`TXNR SP COMMAND SP DATALEN [SP DATA] LF`; `open` offers, `syslog` carries a message, `close` ends. A message is
answered with `200 OK` when it is on disk.
"""

import asyncio
import re
from collections.abc import Iterator
from dataclasses import dataclass

from wardwatch.listeners.intake import Intake
from wardwatch.listeners.sensors import Sensor
from wardwatch.listeners.streams import read
from wardwatch.listeners.syslog import TOO_LONG

_HEAD = re.compile(rb"(\d{1,9}) ([a-z]{1,32}) (\d{1,9})([ \n])")
_LONGEST_HEAD = 64
_BAD = "not RELP"
_OFFERS = b"200 OK\nrelp_version=0\nrelp_software=wardwatch\ncommands=syslog"


@dataclass(frozen=True, slots=True)
class Command:
    """A frame of the protocol."""

    number: int
    name: str
    data: bytes


class Framer:
    """Cuts a stream into frames; `feed` raises `ValueError` where it is none, or one is larger than `largest`."""

    def __init__(self, largest: int) -> None:
        self._largest = largest
        self._buffer = bytearray()

    def feed(self, data: bytes) -> list[Command]:
        """Take bytes of the stream; returns the frames that are complete."""
        self._buffer += data
        return list(self._frames())

    def _frames(self) -> Iterator[Command]:
        at = 0
        while at < len(self._buffer):
            head = _HEAD.match(self._buffer, at)
            if head is None:
                if len(self._buffer) - at >= _LONGEST_HEAD or b"\n" in self._buffer[at:]:
                    raise ValueError(_BAD)
                break
            length = int(head[3])
            if length > self._largest:
                raise ValueError(TOO_LONG)
            # Without data the line end stands where the blank would.
            end = head.end() + length if head[4] == b" " else head.end() - 1
            if head[4] != b" " and length:
                raise ValueError(_BAD)
            if len(self._buffer) <= end:
                break
            if self._buffer[end : end + 1] != b"\n":
                raise ValueError(_BAD)
            yield Command(int(head[1]), head[2].decode(), bytes(self._buffer[head.end() : end]))
            at = end + 1
        del self._buffer[:at]


async def receive(
    intake: Intake, name: str, sensor: Sensor, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:
    """Talk with one sender until it closes."""
    framer = Framer(intake.limits.message)
    while data := await read(intake, reader):
        try:
            commands = framer.feed(data)
        except ValueError as error:
            intake.reject(name, sensor, str(error))
            return
        messages = [one.data.strip(b"\r\n\0") for one in commands if one.name == "syslog"]
        kept = [message for message in messages if message]
        if kept:
            await intake.take_all(name, sensor, kept)
        writer.write(b"".join(map(_answer, commands)))
        if any(command.name == "close" for command in commands):
            writer.write(b"0 serverclose 0\n")
            await writer.drain()
            return
        await writer.drain()


def _answer(command: Command) -> bytes:
    if command.name == "close":
        return b"%d rsp 0\n" % command.number
    answers = {"open": _OFFERS, "syslog": b"200 OK"}
    data = answers.get(command.name, b"500 command not known")
    return b"%d rsp %d %b\n" % (command.number, len(data), data)
