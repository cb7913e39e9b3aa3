"""The map has every Member State once, and shows what it is given."""

from wardwatch.charts.tiles import STATES, Tile, draw

EU = "AT BE BG CY CZ DE DK EE ES FI FR GR HR HU IE IT LT LU LV MT NL PL PT RO SE SI SK"


def test_every_member_state_has_one_place() -> None:
    codes = [tile.code for row in draw({}) for tile in row if tile.code]
    assert sorted(codes) == EU.split()
    assert frozenset(codes) == STATES
    assert len({len(row) for row in draw({})}) == 1


def test_values_are_where_they_belong() -> None:
    tiles = [tile for row in draw({"FR": ("41", 2), "XX": ("9", 4)}) for tile in row if tile.value]
    assert tiles == [Tile("FR", "41", 2)]
