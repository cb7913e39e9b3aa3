"""NDJSON over HTTP: `POST /ndjson`, one event on each line. The plainest way in, for scripts and tools of one's own.

`?source=NAME` says which log format it is, if the sensor may send several. Answers 200 with `{"accepted": N}` when all
is on disk.
"""

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from wardwatch.listeners.intake import Intake
from wardwatch.listeners.requests import TOO_LONG, answering, received

NAME = "ndjson"


def routes(intake: Intake) -> list[BaseRoute]:
    """Return the paths of this protocol."""

    async def take(request: Request) -> Response:
        async with received(intake, request, NAME) as got:
            bodies = lines(got.body)
            kept = [body for body in bodies if len(body) <= intake.limits.body]
            if len(kept) < len(bodies):
                intake.reject(NAME, got.sensor, TOO_LONG, len(bodies) - len(kept))
            accepted = await intake.take(NAME, got.sensor, kept, request.query_params.get("source"))
        return JSONResponse({"accepted": accepted, "rejected": len(bodies) - len(kept)})

    return [Route("/ndjson", answering(take, says), methods=["POST", "PUT"])]


def lines(body: bytes) -> list[bytes]:
    """Cut a body into lines; empty ones are left out."""
    return [line for line in (one.strip(b"\r") for one in body.split(b"\n")) if line.strip()]


def says(status: int, text: str) -> Response:
    """Word a refusal."""
    return JSONResponse({"error": text}, status)
