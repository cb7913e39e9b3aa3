r"""JSON Lines of Alert v1: one alert a line, complete (`wardwatch.events.alert_lines`)."""

from collections.abc import Iterable
from typing import TextIO

from wardwatch.events.alert import Alert
from wardwatch.events.alert_lines import line


def write(alerts: Iterable[Alert], stream: TextIO) -> int:
    """Write alerts as they come; returns how many."""
    count = 0
    for alert in alerts:
        stream.write(line(alert) + "\n")
        count += 1
    return count
