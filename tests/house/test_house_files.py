"""What must not be in any file: paths of somebody's machine, hosts of package registries, what a lock file must not say."""

import re
import tomllib

import pytest
from tests.house.exceptions import EVIDENCE
from tests.house.repository import ROOT, files, read, walked

# Each pattern is written so that it does not match itself.
MACHINE = re.compile(
    r"(?<![\w.:/-])/(?:wor[k]|workspac[e]|root/\.(?:pyen[v]|cach[e]))(?:/|\b)|/tm[p]/bas[h]_|/\.pyen[v]/"
)
PERSONAL = re.compile(r"(?<![\w.*~:/\[-])/(?:tm[p]/\w|roo[t]/\w|hom[e]/\w)")
REGISTRY = re.compile(
    r"pyp[i]\.org|pythonhoste[d]\.org|registr[y]\.npmjs|npmj[s]\.(?:org|com)|crate[s]\.io|prox[y]\.golang"
    r"|registr[y]\.yarnpkg|artifactor[y]|index[-]url"
)

AT_THE_ROOT = {
    *(".gitignore", ".npmrc", "CHANGELOG.md", "CONTRIBUTING.md", "LICENSE", "Makefile", "README.md", "SECURITY.md"),
    *("package-lock.json", "package.json", "pyproject.toml", "requirements-dev.lock", "requirements.lock"),
}


def found(pattern: re.Pattern[str], names: list[str]) -> list[str]:
    return [
        f"{name}:{number}: {hit[0]}"
        for name in names
        for number, line in enumerate(read(name).splitlines(), 1)
        if (hit := pattern.search(line))
    ]


def test_no_path_of_a_machine() -> None:
    assert found(MACHINE, list(files())) == []


def test_no_personal_or_temporary_path_outside_of_logs() -> None:
    assert found(PERSONAL, [name for name in files() if not name.startswith(EVIDENCE)]) == []


def test_no_host_of_a_registry() -> None:
    assert found(REGISTRY, list(files())) == []


@pytest.mark.parametrize("name", ["requirements.lock", "requirements-dev.lock", "package-lock.json"])
def test_lock_files_name_no_host(name: str) -> None:
    assert re.findall(r"\w+://\S+|^--\w*(?:index|find-links)\S*", read(name), re.MULTILINE) == []


@pytest.mark.parametrize("name", ["requirements.lock", "requirements-dev.lock"])
def test_every_locked_package_has_a_hash(name: str) -> None:
    entries = re.split(r"\n(?=\S)", read(name).strip())
    assert [entry.split()[0] for entry in entries if "--hash=sha256:" not in entry] == []
    assert [entry.split()[0] for entry in entries if not re.match(r"[\w.-]+(?:\[\w+\])?==\S+ ", entry)] == []


def test_users_and_developers_get_the_same_versions() -> None:
    both = (
        set(re.findall(r"^\S+==\S+", read(name), re.MULTILINE))
        for name in ("requirements.lock", "requirements-dev.lock")
    )
    users, developers = both
    assert users - developers == set()


def test_the_lock_files_hold_what_the_project_asks_for() -> None:
    project = tomllib.loads(read("pyproject.toml"))
    asked = {
        "requirements.lock": project["project"]["dependencies"],
        "requirements-dev.lock": project["project"]["dependencies"] + project["dependency-groups"]["dev"],
    }
    for name, wanted in asked.items():
        locked = set(re.findall(r"^([\w.-]+)==", read(name), re.MULTILINE))
        assert {re.split(r"[^\w.-]", one)[0].lower() for one in wanted} - locked == set(), "make lock"


def test_nothing_strays_into_the_root() -> None:
    """A redirect gone wrong or a fetched package lands there, and is easily added with the rest."""
    assert {name for name in files() if "/" not in name} == AT_THE_ROOT
    assert [name for name in files() if name.endswith((".whl", ".deb", ".tar.gz", ".pyc"))] == []


def test_scripts_can_be_run() -> None:
    assert (ROOT / ".ci/run").stat().st_mode & 0o111


@pytest.mark.parametrize(
    ("pattern", "text", "hit"),
    [
        (MACHINE, "see /wor" + "k/shared", True),
        (MACHINE, "the how-to/work", False),
        (PERSONAL, "open('/tm" + "p/x')", True),
        (PERSONAL, "open('/hom" + "e/ida/x')", True),
        (PERSONAL, "docs/root/x", False),
        (REGISTRY, "https://pyp" + "i.org/simple", True),
        (REGISTRY, "uv comes from PyPI", False),
    ],
)
def test_the_patterns_can_fail(pattern: re.Pattern[str], text: str, *, hit: bool) -> None:
    assert bool(pattern.search(text)) is hit


def test_a_machine_without_git_sees_the_same_files() -> None:
    """An archive of the sources has no git: the tests of this folder must judge the same files there."""
    if not (ROOT / ".git").exists():
        pytest.skip("no git repository here")
    assert set(walked()) == set(files())
