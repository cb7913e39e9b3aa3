"""The API, `/api/v1`: what people do in the console, programs do here, with a key.

Its description is OpenAPI 3.1, at `/api/v1/openapi.json`.

Lists are cut into pages by a cursor. Whoever may not see a thing gets the same 404 as for one that does not exist. An
act with the header `Idempotency-Key` is done once, however often it is sent.
"""

from django.http import HttpRequest, HttpResponse
from ninja import NinjaAPI
from ninja.errors import ValidationError
from ninja.security import HttpBearer

from wardwatch import __version__
from wardwatch.kernel.errors import AccessError, InputError
from wardwatch.usecases import clock, tokens
from wardwatch.usecases.access import Actor
from wardwatch.web.api import alerts, estate, hooks, incidents, places
from wardwatch.web.person import actor_in


class Key(HttpBearer):
    """`Authorization: Bearer wwapi_…`."""

    def authenticate(self, request: HttpRequest, token: str) -> Actor | None:  # noqa: ARG002
        """Who the key stands for."""
        return tokens.bearer(token[:200], clock.now())


def session(request: HttpRequest) -> Actor | None:
    """Whoever has signed in to the console may read, from its pages; acts need a key, which no other site has."""
    actor = actor_in(request)
    return actor if actor.id and request.method in {"GET", "HEAD"} else None


api = NinjaAPI(
    title="Wardwatch",
    version=__version__,
    description=__doc__ or "",
    auth=[Key(), session],
    docs_url=None,
    urls_namespace="api",
)
api.add_router("", places.router)
api.add_router("/alerts", alerts.router)
api.add_router("/incidents", incidents.router)
api.add_router("/estate", estate.router)
api.add_router("/webhooks", hooks.router)


@api.exception_handler(AccessError)
def _no_access(request: HttpRequest, _: AccessError) -> HttpResponse:
    return api.create_response(request, {"error": "not found"}, status=404)


@api.exception_handler(InputError)
def _no_input(request: HttpRequest, error: InputError) -> HttpResponse:
    return api.create_response(request, {"error": error.what, "where": error.where, "hint": error.hint}, status=422)


@api.exception_handler(ValidationError)
def _not_valid(request: HttpRequest, error: ValidationError) -> HttpResponse:
    where = [{"where": "/".join(str(part) for part in one["loc"]), "what": one["msg"]} for one in error.errors]
    return api.create_response(request, {"error": "not valid", "problems": where}, status=422)
