"""One's own calendar feed: making its address, making another one, and turning it off."""

from __future__ import annotations

from flask import Response, abort, flash, request, url_for

from app.auth import bp
from app.auth.own_messages import messages_page
from app.errors import ChangedMeanwhile
from app.htmx import see_other
from app.inputs import a_number
from app.messaging import feeds
from app.models import Role
from app.security import limited, me, my_doctor, only

CHANGED = "Your calendar was changed meanwhile, in another window. This is how it stands now."


@bp.post("/account/messages/calendar/")
@only(Role.PATIENT, Role.DOCTOR)
@limited("30 per hour")
def renew_feed() -> Response:
    """Make an address, or another one."""
    seen = _number_seen()
    try:
        feeds.renew(me(), seen=seen)
    except ChangedMeanwhile as refused:
        return messages_page(refused.status, feed_refusal=CHANGED)
    if seen == feeds.OFF:
        flash("Your calendar has an address now.", "success")
    else:
        flash("Your calendar has a new address. The old one no longer works.", "success")
    return see_other(_here())


@bp.post("/account/messages/calendar/off/")
@only(Role.PATIENT, Role.DOCTOR)
@limited("30 per hour")
def turn_off_feed() -> Response:
    """Let no address work any more."""
    try:
        feeds.turn_off(me(), seen=_number_seen())
    except ChangedMeanwhile as refused:
        return messages_page(refused.status, feed_refusal=CHANGED)
    flash("Your calendar is turned off. Its address no longer works.", "success")
    return see_other(_here())


@bp.post("/account/messages/calendar/names/")
@only(Role.DOCTOR)
@limited("60 per hour")
def name_in_feed() -> Response:
    """Name patients in a doctor's calendar, or not."""
    seen = a_number(request.form.get("seen"), 0, 1)
    if seen is None:
        abort(400)
    shown = request.form.get("names") == "yes"
    try:
        feeds.show_names(my_doctor(), shown, seen=bool(seen))
    except ChangedMeanwhile as refused:
        return messages_page(refused.status, feed_refusal=CHANGED)
    does = "names" if shown else "does not name"
    flash(f"Your calendar {does} your patients.", "success")
    return see_other(_here())


def _number_seen() -> int:
    number = a_number(request.form.get("number"), feeds.OFF, feeds.LARGEST)
    if number is None:
        abort(400)
    return number


def _here() -> str:
    return url_for("auth.messages", _anchor="calendar")
