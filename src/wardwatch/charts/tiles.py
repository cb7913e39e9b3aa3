"""The Member States of the European Union as tiles, placed as on a map; a list stands beside it."""

from collections.abc import Mapping
from dataclasses import dataclass

# A row of the map from north to south, each with its states from west to east; two spaces are sea, or somebody else.
_MAP = (
    "            SE FI   ",
    "         DK    EE   ",
    "IE    NL       LV   ",
    "      BE DE PL LT   ",
    "   FR LU CZ SK      ",
    "PT ES    AT HU RO   ",
    "      IT SI HR BG   ",
    "      MT       GR CY",
)
_STEP = 3
STATES = frozenset(code for row in _MAP for code in row.split())


@dataclass(frozen=True, slots=True)
class Tile:
    """A place of the map: sea (no code), or a state with what is shown there and its heat (0 to 4; `None`: no data)."""

    code: str = ""
    value: str = ""
    heat: int | None = None


def draw(values: Mapping[str, tuple[str, int]]) -> tuple[tuple[Tile, ...], ...]:
    """Lay out values: code → what is shown and its heat. States without any are there, empty."""
    return tuple(tuple(_tile(row[at : at + 2].strip(), values) for at in range(0, len(row), _STEP)) for row in _MAP)


def _tile(code: str, values: Mapping[str, tuple[str, int]]) -> Tile:
    if code not in values:
        return Tile(code)
    value, heat = values[code]
    return Tile(code, value, heat)
