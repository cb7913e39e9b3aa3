"""What pySigma is taught before it reads a rule, so that it reads what the specification says.

* `utf16le` is the specification's name for what `wide` does (Sigma specification 2.1, appendix on modifiers).
* Integers stay exact: pySigma takes those beyond 53 bits for the nearest binary fraction.
* Regular expressions are tried as the engine will run them; pySigma's own way makes the library write on stderr.
"""

import re
from typing import cast

from sigma.modifiers import SigmaWideModifier, modifier_mapping
from sigma.policy import default_policy
from sigma.policy.regex_engine import RegexEngine, RegexPattern
from sigma.types import SigmaNumber, type_map

from wardwatch.detection import predicates
from wardwatch.kernel.errors import UnsupportedRuleError

_MAX_BITS = 1024  # beyond, a number is no more than an attack on the reader


class ExactNumber(SigmaNumber):
    """A number as its author wrote it."""

    def __post_init__(self, init_number: object) -> None:
        """Keep an integer as it is; anything else is pySigma's affair."""
        if isinstance(init_number, int) and init_number.bit_length() < _MAX_BITS:
            self.number = int(init_number)
        else:
            super().__post_init__(init_number)


class QuietEngine(RegexEngine):
    """RE2 as the engine uses it: bounded, and silent about patterns that it refuses."""

    def compile(self, pattern: str, flags: int = 0) -> RegexPattern:
        """Compile; raises `ValueError` with the reason. `flags` are Python's."""
        inline = "".join(letter for letter, flag in _FLAGS.items() if flags & flag)
        try:
            return cast("RegexPattern", predicates.regex(f"(?{inline}){pattern}" if inline else pattern))
        except UnsupportedRuleError as error:
            raise ValueError(error.what) from None

    @property
    def error(self) -> type[Exception]:
        """What is raised for a bad pattern."""
        return ValueError


_FLAGS = {"i": re.IGNORECASE, "m": re.MULTILINE, "s": re.DOTALL}


def teach() -> None:
    """Teach pySigma; doing so again changes nothing."""
    default_policy.regex_engine = QuietEngine()
    modifier_mapping.setdefault("utf16le", SigmaWideModifier)
    type_map[int] = ExactNumber
