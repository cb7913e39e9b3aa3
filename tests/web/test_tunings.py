"""From a false positive to a tuning that holds, in the console: read, tried on real events, agreed to, ended."""

import html
import re
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import yaml
from django.test import Client
from pytest_django import Settings
from tests.cast import Cast
from tests.pipeline.tuning.hospital import HIT, SHADOWS, Hospital, event

from wardwatch.pipeline.tuning import document
from wardwatch.records.models import AlertRow, AuditRow, GrantRow, OrganisationRow, ProposalRow
from wardwatch.usecases import alerts, detections, watch
from wardwatch.usecases.access import actor_of
from wardwatch.usecases.alerts import Acting

BACKUP = "CHU\\backup"
NORD = "nord"


@pytest.fixture
def home(tmp_path: Path, settings: Settings) -> Iterator[Path]:
    settings.WARDWATCH_HOME = tmp_path
    detections._known.found = None
    yield tmp_path
    detections._known.found = None


@pytest.fixture
def client(cast: Cast, home: Path) -> Client:
    """The CISO of a hospital whose backup raised two alerts an hour ago, which were said to be nothing."""
    now = datetime.now(UTC)
    OrganisationRow.objects.create(slug=NORD, name="Nord", kind="hospital", country="FR", size="small", created_at=now)
    user = cast["ciso"]
    GrantRow.objects.create(user=user, role="ciso", organisation_id=NORD, since=now - timedelta(days=1))
    at = time.time_ns() // 1_000 - 3_600_000_000
    hospital = Hospital(home, at)
    hospital.receive([event(HIT, user=BACKUP, at=at), event(HIT, user=BACKUP, at=at + 1_000_000)])
    hospital.receive([event(HIT, user="CHU\\eve", at=at + 2_000_000)])
    hospital.work()
    hospital.stop()
    said = [one.id for one in hospital.alerts() if one.user == BACKUP]
    watch.take_alerts(NORD, hospital.alerts(), "00000001.jsonl", 1, now)
    acting = Acting(actor_of(user.id, user.name, "en", now), now, "fp")
    group = AlertRow.objects.get(id=said[0]).group
    assert alerts.false_positive(acting, group, "the job of the backup", said).refused is None
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def place(client: Client) -> str:  # noqa: ARG001
    return f"/detections/proposals/{ProposalRow.objects.get(tenant=NORD).id}"


def typed(page: str) -> str:
    """The detection that a page shows, to be mended."""
    found = re.search(r"<textarea[^>]*>(.*?)</textarea>", page, re.DOTALL)
    assert found is not None
    return html.unescape(found[1])


def test_it_is_read_tried_agreed_to_and_ended(client: Client, place: str, home: Path) -> None:
    assert place in client.get("/detections").content.decode()
    page = client.get(place).content.decode()
    detection = typed(page)
    assert yaml.safe_load(detection)["selection"]["User"] == BACKUP
    sent = {"detection": detection, "reason": "the job of the backup", "days": "30", "span": "7"}

    tried = client.post(f"{place}/try", sent).content.decode()
    assert "2 alerts would have gone quiet" in tried
    assert "of 3, in 3 stored events" in tried
    assert document.read(home / "tuning") == ([], []), "to try changes nothing"

    assert client.post(f"{place}/try", {**sent, "agreed": "yes"}).headers["Location"] == "/detections/tunings"
    ((kept,), errors) = document.read(home / "tuning")
    assert (kept.rule, kept.tenant, kept.owner, kept.reason, errors) == (
        SHADOWS, NORD, "Ciso", "the job of the backup", [],
    )  # fmt: skip
    assert kept.expires_at - kept.created_at == 30 * 86_400_000_000
    assert AuditRow.objects.filter(action="tuning.agreed", tenant=NORD, subject=kept.slug).count() == 1
    assert client.get(place).status_code == 404, "it waits no more"

    listed = client.get("/detections/tunings.json").json()["tunings"]
    assert [(one["slug"], one["holds"]) for one in listed] == [(kept.slug, True)]
    assert kept.slug in client.get("/detections/tunings.csv").content.decode()
    client.post(f"/detections/tunings/{NORD}/{kept.slug}/expire")
    assert [one["holds"] for one in client.get("/detections/tunings.json").json()["tunings"]] == [False]
    assert "ended" in client.get("/detections/tunings").content.decode()


def test_what_must_fire_is_named_and_nothing_is_agreed_to(client: Client, place: str, home: Path) -> None:
    wide = {"detection": "{selection: {EventID: 1}, condition: selection}", "reason": "all", "days": "30", "span": "7"}
    page = client.post(f"{place}/try", wide).content.decode()
    assert "What must fire would not any more" in page
    assert "3 alerts would have gone quiet" in page
    assert 'name="agreed"' not in page
    refused = client.post(f"{place}/try", {**wide, "agreed": "yes"})
    assert refused.status_code == 422
    assert document.read(home / "tuning") == ([], [])
    assert client.get(place).status_code == 200


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"detection": "a: ["}, "not understood"),
        ({"detection": "[1]"}, "not understood"),
        ({"detection": "selection: {User: x}"}, "a detection needs selections and a condition"),
        ({"detection": "{selection: {User|nonsense: x}, condition: selection}"}, "nonsense"),
        ({"detection": "{selection: {User: x}, condition: other}"}, "not understood"),
        ({"reason": " "}, "say why it is nothing"),
        ({"days": "0"}, "a year at most"),
        ({"days": "366"}, "a year at most"),
        ({"days": "²"}, "a year at most"),
    ],
)
def test_what_is_wrong_is_said(client: Client, place: str, change: dict[str, str], says: str) -> None:
    sent = {"detection": typed(client.get(place).content.decode()), "reason": "x", "days": "30", "span": "7"}
    for agreed in ("", "yes"):
        answer = client.post(f"{place}/try", {**sent, **change, "agreed": agreed})
        assert answer.status_code == 422
        assert says in html.unescape(answer.content.decode())


def test_it_can_be_put_aside(client: Client, place: str) -> None:
    assert client.post(f"{place}/dismiss").headers["Location"] == "/detections"
    assert client.get(place).status_code == 404
    assert AuditRow.objects.filter(action="tuning.dismissed", tenant=NORD).exists()


def test_another_hospital_sees_and_does_nothing(client: Client, place: str, cast: Cast, home: Path) -> None:
    sent = {"detection": typed(client.get(place).content.decode()), "reason": "x", "days": "30", "span": "7"}
    client.post(f"{place}/try", {**sent, "agreed": "yes"})
    ((kept,), _) = document.read(home / "tuning")
    other = Client()
    other.force_login(cast["outsider"])
    assert other.get("/detections/tunings.json").json()["tunings"] == []
    assert other.get(place).status_code == 404
    assert other.post(f"{place}/try", sent).status_code == 404
    assert other.post(f"/detections/tunings/{NORD}/{kept.slug}/expire").status_code == 404
    assert [one.holds(time.time_ns() // 1_000) for one in document.read(home / "tuning")[0]] == [True]
    assert other.post("/detections/tunings/../nord/expire").status_code == 404


def test_an_auditor_reads_and_does_not_change(client: Client, place: str, cast: Cast, home: Path) -> None:  # noqa: ARG001
    other = Client()
    other.force_login(cast["auditor"])
    assert other.get("/detections/tunings").status_code == 200
    assert other.get(place).status_code == 404
