"""The estate: assets and what stands on them, changed by hand, imported from tables."""

from typing import Any

from django.core.files.uploadedfile import UploadedFile

from wardwatch.estate import templates
from wardwatch.estate.assets import Isolation, Kind
from wardwatch.kernel.errors import AccessError, InputError
from wardwatch.records.queries import estate as queries
from wardwatch.usecases import estate
from wardwatch.usecases.roles import Permission
from wardwatch.web.screen import Act, Answer, Asked, Page, Screen, Table, back

LARGEST = 10 << 20
_FIELDS = ("kind", "isolation", "zone", "system", "owner", "supplier", "note")
_COLUMNS = ("hospital", "name", "kind", "zone", "system", "services", "isolation", "addresses", "last seen", "known")


def listed(asked: Asked) -> Answer:
    """Assets by hospital and name."""
    scope = asked.actor.scope(Permission.SEE_ESTATE)
    tenant = asked.get("tenant")
    start = asked.number(asked.get("start"))
    found, more = estate.listed(asked.actor, tenant if tenant in scope else "", asked.get("q"), start)
    hospitals = queries.hospitals(scope)
    names = {one.slug: one.name for one in hospitals}
    data: dict[str, Any] = {
        "assets": [
            {"asset": one.asset, "care": one.care, "isolation": one.isolation, "hospital": names.get(one.asset.tenant)}
            for one in found
        ],
        "hospitals": hospitals,
        "tenant": tenant,
        "next": start + queries.PAGE if more else None,
        "editable": sorted(asked.actor.scope(Permission.EDIT_ESTATE)),
        "unknown": sum(one.asset.kind is Kind.UNKNOWN for one in found),
    }
    rows = [
        [
            names.get(one.asset.tenant, ""),
            one.asset.name,
            one.asset.kind,
            one.asset.zone,
            one.asset.system,
            " ".join(stands.service for stands in one.care.services),
            one.isolation,
            " ".join(one.asset.addresses),
            one.asset.last_at or "",
            one.asset.known,
        ]
        for one in found
    ]
    return Page("estate/list.html", data, Table(_COLUMNS, rows))


def one(asked: Asked, asset: str) -> Answer:
    """An asset: what it is, what stands on it, and whether it may be cut off."""
    found = estate.opened(asked.actor, asset)
    known = templates.shipped()
    data = {
        "asset": found.asset,
        "care": found.care,
        "isolation": found.isolation,
        "services": [
            (one, known.services[one.service].name) for one in found.care.services if one.service in known.services
        ],
        "may_edit": asked.actor.can(Permission.EDIT_ESTATE, found.asset.tenant),
    }
    more = {"kinds": list(Kind), "isolations": list(Isolation), "systems": known.systems, "zones": known.zones}
    return Page("estate/one.html", data, more=more)


def change(asked: Asked, asset: str) -> Answer:
    """Write what a person says of an asset."""
    given = {name: asked.sent(name, longest=500) for name in _FIELDS}
    estate.change(asked.actor, asset, given, asked.now)
    return back(asked, f"/estate/{asset}")


def _sent(file: "UploadedFile[bytes] | None") -> tuple[str, bytes]:
    if file is None or (file.size or 0) > LARGEST:
        raise InputError("choose a table of at most 10 MB", fr="choisissez un tableau de 10 Mo au plus", where="file")
    return str(file.name), file.read()


def take_in(asked: Asked) -> Answer:
    """Import a table: first a look at what it holds and what is wrong, row by row; then, if it is meant, for good."""
    tenant = asked.sent("tenant")
    if not asked.actor.can(Permission.EDIT_ESTATE, tenant):
        raise AccessError("not found, or not yours")
    file = asked.request.FILES.get("file")
    name, content = _sent(file)
    if asked.sent("sure") == "yes":
        found = estate.take_in(asked.actor, tenant, name, content, asked.now)
    else:
        found = estate.read(tenant, name, content)
    done = asked.sent("sure") == "yes"
    data = {"tenant": tenant, "file": name, "imported": found, "done": done, "assets": len(found.assets)}
    return Page("estate/imported.html", data)


SCREENS = (
    Screen("estate", "estate", Permission.SEE_ESTATE, listed, csv=True),
    Act("estate/import", "estate-import", Permission.EDIT_ESTATE, take_in),
    Screen("estate/<str:asset>", "asset", Permission.SEE_ESTATE, one),
    Act("estate/<str:asset>/change", "asset-change", Permission.EDIT_ESTATE, change),
)
