"""The console as an ASGI application: pages by Django, our few static files beside it.

`records.boot.setup` comes first.
"""

from pathlib import Path
from typing import cast

from django.core.handlers.asgi import ASGIHandler
from starlette.applications import Starlette
from starlette.responses import Response
from starlette.routing import Mount
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Scope

_OWN = Path(__file__).resolve().parent / "static"


class _Static(StaticFiles):
    """Files that change only with a version, which their addresses carry."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        response = await super().get_response(path, scope)
        response.headers["Cache-Control"] = "public, max-age=3600"
        response.headers["X-Content-Type-Options"] = "nosniff"
        response.headers["Cross-Origin-Resource-Policy"] = "same-origin"
        return response


def application() -> Starlette:
    """Return the application, ready to answer."""
    static = _Static(directory=_OWN, packages=[("django_htmx", "static")])
    django = cast("ASGIApp", ASGIHandler())  # its types are narrower than those of ASGI
    return Starlette(routes=[Mount("/static", static), Mount("/", django)])
