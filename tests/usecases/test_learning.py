"""Hosts and talkers that the lake took in become assets; what a person wrote stays."""

from contextlib import closing
from pathlib import Path

from tests.cast import HERE, NOW, Cast
from tests.pipeline.lake.events import batches, record, some

from wardwatch.kernel import stamps
from wardwatch.pipeline.lake import Lake
from wardwatch.records.models import AssetRow
from wardwatch.usecases import estate, learning


def commit(home: Path, *, received_at: int, host: str) -> None:
    with closing(Lake(home / "lake").tenant(HERE)) as lake:
        made = batches(
            [record(1, {"SourceIp": "10.9.8.7"}, host=host)], tenant=HERE, received_at=received_at, origin=host.encode()
        )
        lake.commit(lake.stage(made), {"position": ["0", received_at]})


def test_what_arrives_is_learned_once(cast: Cast, tmp_path: Path) -> None:  # noqa: ARG001
    first = stamps.micros(NOW)
    commit(tmp_path, received_at=first, host="SRV-PACS01")
    assert learning.learn(tmp_path, HERE) == 2
    assert learning.learn(tmp_path, HERE) == 0
    commit(tmp_path, received_at=first + 60_000_000, host="SRV-LIS01")
    assert learning.learn(tmp_path, HERE) == 1
    names = sorted(AssetRow.objects.filter(tenant=HERE).values_list("name", flat=True), key=str.lower)
    assert [name.lower() for name in names] == ["10.9.8.7", "srv-lis01", "srv-pacs01"]


def test_what_a_person_wrote_stays(cast: Cast, tmp_path: Path) -> None:
    first = stamps.micros(NOW)
    commit(tmp_path, received_at=first, host="SRV-PACS01")
    learning.learn(tmp_path, HERE)
    asset = AssetRow.objects.get(name__iexact="srv-pacs01")
    estate.change(cast.actor("ciso"), asset.id, {"kind": "server", "system": "pacs", "owner": "Imaging"}, NOW)
    commit(tmp_path, received_at=first + 60_000_000, host="srv-pacs01")
    learning.learn(tmp_path, HERE)
    asset.refresh_from_db()
    assert (asset.kind, asset.system, asset.plain["owner"]) == ("server", "pacs", "Imaging")
    assert asset.last_at == first + 60_000_000


def test_another_hospitals_lake_is_not_looked_at(cast: Cast, tmp_path: Path) -> None:  # noqa: ARG001
    with closing(Lake(tmp_path / "lake").tenant("elsewhere")) as lake:
        lake.commit(lake.stage(some(3, tenant="elsewhere")), {"position": ["0", 1]})
    assert learning.learn(tmp_path, HERE) == 0
    assert AssetRow.objects.count() == 0
