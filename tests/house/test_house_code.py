"""Sizes, names and shapes of code, as the design's house rules have them."""

import ast
import warnings
from pathlib import PurePosixPath

import pytest
from tests.house import exceptions
from tests.house.repository import Function, code_length, functions, python, tree

AIM, FILE_LIMIT, FUNCTION_LIMIT, ARGUMENT_LIMIT = 300, 450, 60, 5
CODE = ("src/", "tests/", "bench/")
FORBIDDEN_NAMES = {"utils", "util", "helpers", "helper", "common", "misc", "manager"}


def place(name: str, node: Function) -> str:
    return f"{name}::{node.name}"


def test_no_file_has_more_than_450_lines_of_code() -> None:
    lengths = {name: code_length(name) for name in python(*CODE)}
    too_long = {name: length for name, length in lengths.items() if length > FILE_LIMIT}
    assert set(too_long) == set(exceptions.LONG_FILES), too_long


@pytest.mark.filterwarnings("default::UserWarning")
def test_files_above_the_aim_are_named() -> None:
    long = {name: length for name in python("src/") if (length := code_length(name)) > AIM}
    if long:
        listed = ", ".join(f"{name} ({length})" for name, length in sorted(long.items()))
        warnings.warn(f"more than {AIM} lines of code: {listed}", UserWarning, stacklevel=1)


def test_no_function_has_more_than_60_lines_of_code() -> None:
    lengths = {place(name, node): code_length(name, node) for name in python(*CODE) for node in functions(name)}
    too_long = {where: length for where, length in lengths.items() if length > FUNCTION_LIMIT}
    assert set(too_long) == set(exceptions.LONG_FUNCTIONS), too_long


def test_no_function_has_more_than_5_positional_arguments() -> None:
    found = {
        place(name, node): count
        for name in python(*CODE)
        for node in functions(name)
        if (count := positional(node)) > ARGUMENT_LIMIT
    }
    assert set(found) == set(exceptions.MANY_ARGUMENTS), found


def positional(node: Function) -> int:
    """Count positional arguments, but for those that Python itself fills in, and for commands: click passes by name."""
    if any("click" in ast.unparse(one) for one in node.decorator_list):
        return 0
    names = [one.arg for one in (*node.args.posonlyargs, *node.args.args)]
    return len(names) - (names[:1] in (["self"], ["cls"]))


def test_no_drawer_for_everything() -> None:
    assert [
        name
        for name in python(*CODE)
        if FORBIDDEN_NAMES & {part.strip("_") for part in PurePosixPath(name).with_suffix("").parts}
    ] == []


def test_nothing_catches_everything() -> None:
    found = set()
    for name in python(*CODE):
        owners = {id(inner): place(name, node) for node in functions(name) for inner in ast.walk(node)}
        found.update(
            owners.get(id(node), f"{name}::")
            for node in ast.walk(tree(name))
            if isinstance(node, ast.ExceptHandler) and is_broad(node.type)
        )
    assert found == set(exceptions.BROAD_EXCEPT)


def is_broad(caught: ast.expr | None) -> bool:
    if isinstance(caught, ast.Tuple):
        return any(is_broad(one) for one in caught.elts)
    return caught is None or (isinstance(caught, ast.Name) and caught.id in {"Exception", "BaseException"})


def test_every_module_says_what_it_is_for() -> None:
    assert [name for name in python("src/", "bench/") if not ast.get_docstring(tree(name))] == []


def test_every_exception_has_a_reason() -> None:
    listed = (
        exceptions.LONG_FILES,
        exceptions.LONG_FUNCTIONS,
        exceptions.MANY_ARGUMENTS,
        exceptions.BROAD_EXCEPT,
    )
    assert [where for one in listed for where, reason in one.items() if len(reason.split()) < 4] == []


@pytest.mark.parametrize(
    ("source", "broad"),
    [
        ("except Exception: pass", True),
        ("except (ValueError, BaseException): pass", True),
        ("except: pass", True),
        ("except ValueError: pass", False),
    ],
)
def test_the_test_can_fail(source: str, *, broad: bool) -> None:
    handler = next(node for node in ast.walk(ast.parse(f"try: x\n{source}")) if isinstance(node, ast.ExceptHandler))
    assert is_broad(handler.type) is broad
