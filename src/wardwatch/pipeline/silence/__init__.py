"""Silence is a signal: sources that stop, slow or change shape, clocks that are wrong, and a spool that is damaged.

Pure: time and what was heard come in, alerts go out, the state is plain data (docs/explanation/silence.md). Judged is
time that was *watched*: while Wardwatch itself does not run, nobody is silent.
"""

from wardwatch.pipeline.silence.heard import Heard
from wardwatch.pipeline.silence.watcher import Silence

__all__ = ["Heard", "Silence"]
