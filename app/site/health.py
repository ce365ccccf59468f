"""Whether this server can serve, and where robots may look."""

from __future__ import annotations

from flask import Response, make_response

from app.clinic import revision
from app.errors import Busy
from app.security import public
from app.site import bp


@bp.get("/healthz")
@public
def health() -> Response:
    """200 while the database answers; 503 otherwise. Says nothing else to anybody."""
    if not revision.is_readable():
        raise Busy
    return _plain("ok\n")


@bp.get("/robots.txt")
@public
def robots() -> Response:
    """Public pages may be found; the rest is nobody's business."""
    return _plain("User-agent: *\nAllow: /$\nAllow: /doctors/\nAllow: /prices/\nDisallow: /\n")


def _plain(text: str) -> Response:
    response = make_response(text)
    response.mimetype = "text/plain"
    return response
