"""The repository as house tests see it: its files and their syntax trees, each read once."""

import ast
import io
import os
import subprocess
import tokenize
from collections.abc import Iterator
from fnmatch import fnmatch
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
_NO_CODE = {
    tokenize.COMMENT,
    tokenize.NL,
    tokenize.NEWLINE,
    tokenize.INDENT,
    tokenize.DEDENT,
    tokenize.ENDMARKER,
}
_DOCUMENTED = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
Function = ast.FunctionDef | ast.AsyncFunctionDef


@cache
def files() -> tuple[str, ...]:
    """Every file that is or could be committed, relative to the root: what git ignores is left out."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    try:
        listed = subprocess.run(command, cwd=ROOT, check=True, capture_output=True).stdout.decode()
        names = {name for name in listed.split("\0") if name}
    except (FileNotFoundError, subprocess.CalledProcessError):
        names = set(walked())
    return tuple(sorted(name for name in names if (ROOT / name).is_file()))


def walked() -> Iterator[str]:
    """The files of an unpacked archive, or on a machine without git, as far as `.gitignore` says it simply."""
    ignored = [line.rstrip("/") for line in (ROOT / ".gitignore").read_text(encoding="utf-8").split()]
    for folder, folders, names in os.walk(ROOT):
        kept = [name for name in folders if name != ".git" and not any(fnmatch(name, one) for one in ignored)]
        folders[:] = kept
        for name in names:
            if name != ".git" and not any(fnmatch(name, one) for one in ignored):
                yield (Path(folder) / name).relative_to(ROOT).as_posix()


@cache
def read(name: str) -> str:
    """The text of a file, `""` for what is no UTF-8 text."""
    try:
        return (ROOT / name).read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return ""


def python(*folders: str) -> tuple[str, ...]:
    """The Python files below `folders`, without those that Django writes."""
    return tuple(
        name for name in files() if name.endswith(".py") and name.startswith(folders) and "/migrations/0" not in name
    )


@cache
def tree(name: str) -> ast.Module:
    """The syntax tree of a Python file."""
    return ast.parse(read(name), name)


def functions(name: str) -> list[Function]:
    """Every function and method in a file, nested ones too."""
    return [node for node in ast.walk(tree(name)) if isinstance(node, Function)]


@cache
def code_lines(name: str) -> frozenset[int]:
    """The numbers of the lines with code: no blank lines, comments or docstrings."""
    lines: set[int] = set()
    for token in tokenize.generate_tokens(io.StringIO(read(name)).readline):
        if token.type not in _NO_CODE:
            lines.update(range(token.start[0], token.end[0] + 1))
    for node in ast.walk(tree(name)):
        if isinstance(node, _DOCUMENTED) and ast.get_docstring(node, clean=False) is not None:
            first = node.body[0]
            lines.difference_update(range(first.lineno, (first.end_lineno or first.lineno) + 1))
    return frozenset(lines)


def code_length(name: str, node: ast.AST | None = None) -> int:
    """Lines of code of a file, or of a node in it."""
    if node is None:
        return len(code_lines(name))
    begin, end = getattr(node, "lineno", 0), getattr(node, "end_lineno", 0)
    return sum(begin <= line <= end for line in code_lines(name))
