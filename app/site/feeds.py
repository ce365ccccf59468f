"""Calendar feeds. Whoever has the address reads the feed: calendars cannot sign in."""

from __future__ import annotations

import hashlib

from flask import Response, current_app, make_response, request

from app import clock
from app.errors import NotFound
from app.messaging import feeds
from app.security import limited, public, signer
from app.site import bp


def _one_feed() -> str:
    """One feed from one place: the readers of big calendars come for many people at once."""
    asked = f"{request.remote_addr} {request.path}"
    return hashlib.blake2b(asked.encode(), digest_size=12).hexdigest()


@bp.get("/calendar/<token>.ics")
@public
@limited("3000 per hour")
@limited("120 per hour", key_func=_one_feed)
def calendar_feed(token: str) -> Response:
    """Somebody's visits; an address that is not one, or no longer, is told from no other."""
    feed = feeds.feed_of(token, signer(), clock.now())
    if feed is None:
        raise NotFound("There is no calendar at this address, or no longer.")
    if request.if_none_match.contains_weak(feed.tag):
        response = make_response("", 304)
    else:
        response = make_response(feed.file(current_app.config["DOCKET"].base_url))
        response.headers["Content-Type"] = "text/calendar; charset=utf-8"
        # Whoever opens it in a browser shall not keep a file that is named after the secret.
        response.headers["Content-Disposition"] = 'inline; filename="visits.ics"'
    response.set_etag(feed.tag)
    response.headers["Cache-Control"] = "private, no-cache"
    return response
