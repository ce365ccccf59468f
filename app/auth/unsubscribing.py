"""Stopping messages by the link that stands in each of them, without logging in (RFC 8058)."""

from __future__ import annotations

from flask import Response, abort, g, make_response, render_template, request

from app import clock
from app.auth import bp
from app.errors import NotFound
from app.messaging import choices
from app.messaging.choices import Stop
from app.security import by_address_alone, limited, public, signer
from app.signing import Purpose

WHAT = {Purpose.STOP_REMINDERS: "reminders", Purpose.STOP_AGENDA: "agenda"}


@bp.get("/unsubscribe/<token>/")
@public
@limited("120 per hour")
def unsubscribe(token: str) -> Response:
    """Say what would stop, and ask; programs that open every link in a mail change nothing."""
    found = _found(token)
    return _page(found, is_done=found.is_done)


@bp.post("/unsubscribe/<token>/")
@public
@by_address_alone
@limited("120 per hour")
def unsubscribe_now(token: str) -> Response:
    """Stop it, for the button on the page and for the one in a mailbox, whose server sends no
    cookie and follows no redirect."""
    if request.form.get("List-Unsubscribe") != "One-Click":
        abort(400)
    found = _found(token)
    choices.stop(found)
    return _page(found, is_done=True)


def _found(token: str) -> Stop:
    g.is_private = True  # the address is a key
    found = choices.stop_of(token, signer(), clock.now())
    if found is None:
        raise NotFound(
            "This link stops no messages. Open it again from the letter, or log in and choose "
            "under “Messages and calendar” what you are told."
        )
    return found


def _page(found: Stop, *, is_done: bool) -> Response:
    page = render_template("auth/unsubscribe.html", what=WHAT[found.purpose], is_done=is_done)
    return make_response(page)
