"""A file that a page gives out: always a download, never shown in the console's own origin."""

from django.http import HttpResponse

from wardwatch.usecases.papers import Form


def attached(made: bytes, form: Form, name: str) -> HttpResponse:
    """The answer that carries it; `name` is of our own making."""
    response = HttpResponse(made, content_type=form.media)
    response.headers["Content-Disposition"] = f'attachment; filename="{name}.{form.ending}"'
    return response
