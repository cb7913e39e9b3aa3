"""Ten `kill -9` of the real processes at random moments under load; `python -m bench.drill 100` does a hundred."""

from pathlib import Path

import pytest
from bench.drill import Verdict, drill


@pytest.mark.slow
@pytest.mark.parametrize("seed", [20261117])
def test_kills_lose_nothing_and_double_nothing(tmp_path: Path, seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("WARDWATCH_EXAMPLES", raising=False)
    found = drill(tmp_path, 10, seed)
    assert found == Verdict(10, found.acknowledged, found.alerts)
    assert found.acknowledged > 500
    assert found.alerts > 10
