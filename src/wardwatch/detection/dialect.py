"""What pySigma is taught before it reads a rule, so that it reads what the specification says.

* `utf16le` is the specification's name for what `wide` does (Sigma specification 2.1, appendix on modifiers).
* Integers stay exact: pySigma takes those beyond 53 bits for the nearest binary fraction.
"""

from sigma.modifiers import SigmaWideModifier, modifier_mapping
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


def teach() -> None:
    """Teach pySigma; doing so again changes nothing."""
    modifier_mapping.setdefault("utf16le", SigmaWideModifier)
    type_map[int] = ExactNumber
