"""Pages for what went wrong: what, where, what now. `Not found` and `not yours` read the same."""

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render

from wardwatch.web.menu import menu
from wardwatch.web.person import actor_in, is_by_key


def _wants_json(request: HttpRequest) -> bool:
    return request.path.endswith(".json") or request.path.startswith("/api/") or is_by_key(request)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:  # noqa: ARG001  (Django's handler)
    """404: not there, or not yours."""
    if _wants_json(request):
        return JsonResponse({"error": "not found"}, status=404)
    # No entry of the menu is marked: it would tell where the address belongs.
    return render(request, "not_found.html", {"menu": menu(actor_in(request), "")}, status=404)


def failed(request: HttpRequest) -> HttpResponse:
    """500: our fault; nothing of it is shown."""
    if _wants_json(request):
        return JsonResponse({"error": "failed"}, status=500)
    return render(request, "failed.html", status=500)


def csrf(request: HttpRequest, reason: str = "") -> HttpResponse:  # noqa: ARG001  (Django's handler)
    """403: the form is too old or was not ours."""
    return render(request, "form_too_old.html", status=403)
