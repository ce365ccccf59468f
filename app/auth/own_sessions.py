"""The browsers that somebody is logged in on, in words, and ending them."""

from __future__ import annotations

from flask import Response, abort, flash, make_response, render_template, request, url_for
from flask_login import current_user

from app.accounts import sessions
from app.accounts.devices import in_words
from app.auth import bp
from app.clinic import settings
from app.htmx import see_other
from app.inputs import a_number
from app.security import limited, me, signed_in

LARGEST_ID = 2**53


@bp.get("/profile/sessions/")
@signed_in
def devices() -> Response:
    """List them, this one marked."""
    zone = me().zone or settings.current().zone
    page = render_template(
        "auth/sessions.html",
        sessions=sessions.open_sessions(me()),
        here=current_user.login.id,
        zone=zone,
        words=in_words,
    )
    return make_response(page)


@bp.post("/profile/sessions/end/")
@signed_in
@limited("60 per hour")
def end_session() -> Response:
    """Log one device out."""
    number = a_number(request.form.get("session"), 1, LARGEST_ID)
    if number is None:
        abort(400)
    sessions.end_one(me(), number)
    flash("The device is logged out.", "success")
    return see_other(url_for("auth.devices"))


@bp.post("/profile/sessions/end-others/")
@signed_in
@limited("60 per hour")
def end_others() -> Response:
    """Log out everywhere but here."""
    sessions.end_all(me(), apart_from=current_user.token)
    flash("You are logged out everywhere else.", "success")
    return see_other(url_for("auth.devices"))
