"""What pySigma is taught before it reads a rule, so that it reads what the specification says.

* `utf16le` is the specification's name for what `wide` does (Sigma specification 2.1, appendix on modifiers).
* Integers stay exact: pySigma takes those beyond 53 bits for the nearest binary fraction.
* Regular expressions are judged once, by `wardwatch.detection.predicates.regex`, which says what is wrong; pySigma's
  own look at them makes the library write on stderr.
"""

import re

from sigma.modifiers import SigmaWideModifier, modifier_mapping
from sigma.policy import default_policy
from sigma.policy.regex_engine import RegexEngine, RegexPattern
from sigma.types import SigmaNumber, type_map

_MAX_BITS = 1024  # beyond, a number is no more than an attack on the reader


class ExactNumber(SigmaNumber):
    """A number as its author wrote it."""

    def __post_init__(self, init_number: object) -> None:
        """Keep an integer as it is; anything else is pySigma's affair."""
        if isinstance(init_number, int) and init_number.bit_length() < _MAX_BITS:
            self.number = int(init_number)
        else:
            super().__post_init__(init_number)


class LaterEngine(RegexEngine):
    """Takes every pattern for good."""

    def compile(self, pattern: str, flags: int = 0) -> RegexPattern:  # noqa: ARG002  (pySigma's interface)
        """Return some pattern: pySigma only asks whether there is one."""
        return _ANY

    @property
    def error(self) -> type[Exception]:
        """What would be raised for a bad pattern."""
        return re.error


_ANY = re.compile("")


def teach() -> None:
    """Teach pySigma; doing so again changes nothing."""
    default_policy.regex_engine = LaterEngine()
    modifier_mapping.setdefault("utf16le", SigmaWideModifier)
    type_map[int] = ExactNumber
