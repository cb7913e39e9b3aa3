import pytest

from wardwatch.detection.store import Store


@pytest.fixture
def databases(pytestconfig: pytest.Config) -> Store:
    """Pattern databases of earlier runs: they depend on nothing but patterns, library and processor."""
    return Store(pytestconfig.cache.mkdir("wardwatch"))
