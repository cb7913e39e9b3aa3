"""Hypothesis: the same examples every time, so that a run of the tests means the same to everybody.

`WARDWATCH_EXAMPLES=5000` asks for many more examples, drawn anew each time.
"""

import os

from hypothesis import HealthCheck, settings

EXAMPLES = int(os.environ.get("WARDWATCH_EXAMPLES", "0"))

settings.register_profile(
    "ci",
    deadline=None,
    derandomize=not EXAMPLES,
    database=None,
    max_examples=EXAMPLES or 100,
    suppress_health_check=list(HealthCheck),
)
settings.load_profile("ci")
