"""Whether this server can serve, and where robots may look."""

from __future__ import annotations

from flask import Response, make_response, url_for

from app.clinic import health as clinic_health
from app.security import public, quiet
from app.site import bp

OPEN_TO_ROBOTS = ("/$", "/doctors/", "/prices/", "/about/", "/contact/")


@bp.get("/healthz")
@public
@quiet
def health() -> Response:
    """200 while the database answers and is migrated; 503, saying which is not, otherwise."""
    fault = clinic_health.fault()
    return _plain("ok", 200) if fault is None else _plain(fault, 503)


@bp.get("/robots.txt")
@public
def robots() -> Response:
    """Public pages may be found; the rest is nobody's business."""
    allowed = "".join(f"Allow: {path}\n" for path in OPEN_TO_ROBOTS)
    return _plain(f"User-agent: *\n{allowed}Disallow: /", 200)


@bp.get("/favicon.ico")
@public
def favicon() -> Response:
    """Where browsers look that do not read the page."""
    return make_response("", 302, {"Location": url_for("static", filename="img/favicon.svg")})


def _plain(text: str, status: int) -> Response:
    response = make_response(f"{text}\n", status)
    response.mimetype = "text/plain"
    if status == 503:
        response.headers["Retry-After"] = "2"
    return response
