"""Headers of every answer: nothing but our own files runs or styles a page (Content Security Policy level 3)."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

CSP = "; ".join(  # noqa: FLY002  (one directive a line)
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "font-src 'self'",
        "connect-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)
_LEAVING = "/account/logout/"  # after which the browser keeps nothing of what was shown
_PERMISSIONS = "camera=(), microphone=(), geolocation=(), payment=(), usb=(), interest-cohort=()"


def headers(answer: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Django middleware: add the headers, and keep pages with personal data out of caches."""

    def with_headers(request: HttpRequest) -> HttpResponse:
        response = answer(request)
        response.headers.setdefault("Content-Security-Policy", CSP)
        response.headers.setdefault("Permissions-Policy", _PERMISSIONS)
        response.headers.setdefault("X-Content-Type-Options", "nosniff")
        response.headers.setdefault("Cross-Origin-Resource-Policy", "same-origin")
        response.headers.setdefault("Cache-Control", "no-store")
        if request.method == "POST" and request.path == _LEAVING:
            response.headers.setdefault("Clear-Site-Data", '"cache", "storage"')
        return response

    return with_headers
