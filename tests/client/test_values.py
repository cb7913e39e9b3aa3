"""The client's values have the names and kinds that the API describes: they cannot drift apart."""

from dataclasses import fields
from types import NoneType
from typing import get_args

import pytest
from ninja import Schema

from wardwatch.client import values
from wardwatch.client.values import made
from wardwatch.kernel.errors import InputError
from wardwatch.web.api import hooks, shapes

PAIRS = [
    *((kind, getattr(shapes, kind.__name__)) for kind in (values.Me, values.Hospital, values.Service, values.Board)),
    *((kind, getattr(shapes, kind.__name__)) for kind in (values.AlertGroup, values.WholeGroup, values.Incident)),
    (values.Asset, shapes.Asset),
    (values.Hook, hooks.Hook),
    (values.MadeHook, hooks.MadeHook),
]


@pytest.mark.parametrize(("kind", "schema"), PAIRS, ids=lambda one: one.__name__)
def test_names_and_kinds_are_those_of_the_api(kind: type, schema: type[Schema]) -> None:
    ours = {one.name: one.type for one in fields(kind)}
    theirs = {name: one.annotation for name, one in schema.model_fields.items()}
    assert ours.keys() == theirs.keys()
    for name, said in theirs.items():
        assert (NoneType in get_args(said)) == (NoneType in get_args(ours[name])), name
        if said in {str, int}:
            assert ours[name] is said, name
        if getattr(said, "__origin__", None) is list:
            assert ours[name].__origin__ is tuple, name


def test_what_a_newer_server_adds_is_left_aside() -> None:
    plain = {"slug": "a", "name": "A", "kind": "hospital", "country": "FR", "size": "small", "beds": 3}
    assert made(values.Hospital, plain, "x") == values.Hospital("a", "A", "hospital", "FR", "small")


def test_what_is_missing_is_said_with_its_place() -> None:
    with pytest.raises(InputError, match="a Hospital without slug") as found:
        made(values.Hospital, {"name": "A"}, "/hospitals")
    assert found.value.where == "/hospitals"
    with pytest.raises(InputError, match="a Board is no object"):
        made(values.Board, [], "/care")
    with pytest.raises(InputError, match="a Service without id"):
        made(values.Board, {"hospital": HOSPITAL, "worst": "down", "services": [{}]}, "/care")


HOSPITAL = {"slug": "a", "name": "A", "kind": "hospital", "country": "FR", "size": "small"}
