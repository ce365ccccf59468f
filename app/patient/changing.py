"""Cancelling and moving one's own appointment, within the clinic's policy."""

from __future__ import annotations

from flask import Response, flash, make_response, render_template, request, url_for
from flask_wtf import FlaskForm
from wtforms import HiddenField, TextAreaField
from wtforms.validators import Length

from app.clock import instant_of
from app.errors import ClinicError
from app.formats import long_time
from app.htmx import respond, see_other
from app.inputs import a_day, a_number, a_tick
from app.models import Appointment, Role
from app.patient import bp
from app.patient.booking import parts_of_day
from app.patient.mine import details_page, options_of
from app.scheduling import appointments, changes, nearby, openings, refusals, strip
from app.scheduling.moves import Actor
from app.scheduling.openings import Opening
from app.security import limited, me, my_patient, only

LARGEST_VERSION = 1_000_000


class CancelForm(FlaskForm):
    """Why a visit is cancelled; the version says which state of it was seen."""

    reason = TextAreaField(
        "Why are you cancelling?",
        validators=[Length(max=changes.LONGEST_REASON, message="Use at most 500 characters.")],
    )
    version = HiddenField()


@bp.get("/appointment-details/<ref>/cancel/")
@only(Role.PATIENT)
def cancel(ref: str) -> Response:
    """Ask before cancelling, and say what it means."""
    found = appointments.appointment_of(my_patient(), ref)
    if not options_of(found).may_change:
        return details_page(found)
    return _cancel_page(found, CancelForm(version=found.version))


@bp.post("/appointment-details/<ref>/cancel/")
@only(Role.PATIENT)
@limited("20 per minute")
def cancel_now(ref: str) -> Response:
    """Cancel the appointment."""
    found = appointments.appointment_of(my_patient(), ref)
    form = CancelForm()
    version = a_number(form.version.data, 1, LARGEST_VERSION)
    if not form.validate_on_submit() or version is None:
        return _cancel_page(found, form, status=422)
    try:
        changes.cancel(found, Actor.of(me()), form.reason.data or "", version=version)
    except ClinicError as refused:
        return details_page(found, status=refused.status, refusal=refused.sentence)
    flash("Your appointment is cancelled, and the time is free for others.", "success")
    return see_other(url_for("patient.appointment", ref=found.ref))


@bp.get("/appointment-details/<ref>/move/")
@only(Role.PATIENT)
def move(ref: str) -> Response:
    """Choose another opening of the same doctor and visit type."""
    found = appointments.appointment_of(my_patient(), ref)
    if not options_of(found).may_change:
        return details_page(found)
    return _move_page(found)


@bp.post("/appointment-details/<ref>/move/")
@only(Role.PATIENT)
@limited("20 per minute")
def move_now(ref: str) -> Response:
    """Move the appointment; when that fails, it stays where it was."""
    found = appointments.appointment_of(my_patient(), ref)
    tick = a_tick(request.form.get("opening"))
    version = a_number(request.form.get("version"), 1, LARGEST_VERSION)
    if tick is None or version is None:
        return _move_page(found, status=422, refusal="Choose one of the times on the page.")
    try:
        changes.move(found, Actor.of(me()), tick, version=version)
    except refusals.NotBookable as refused:
        sentence = f"{refused.sentence} Your appointment stays as it was."
        return _move_page(found, status=refused.status, refusal=sentence, wanted=tick)
    except ClinicError as refused:
        return details_page(found, status=refused.status, refusal=refused.sentence)
    flash(f"Your appointment is now on {long_time(found.starts_at, found.zone)}.", "success")
    return see_other(url_for("patient.appointment", ref=found.ref))


def _cancel_page(found: Appointment, form: CancelForm, status: int = 200) -> Response:
    page = render_template("patient/cancel.html", appointment=found, form=form)
    return make_response(page, status)


def _move_page(
    found: Appointment, *, status: int = 200, refusal: str | None = None, wanted: int | None = None
) -> Response:
    desk = openings.desk()
    terms = desk.terms_of(found)
    if terms is None:
        sentence = "This doctor takes no bookings at present. Call the clinic to move the visit."
        return details_page(found, status=409, refusal=sentence)
    doctor, visit_type = terms
    first_day = desk.at.astimezone(found.zone).date()
    days = strip.of_days(desk, [doctor], visit_type, first_day, apart_from=found.id)
    on = a_day(request.args.get("day"))
    if on is None and wanted is not None:
        on = instant_of(wanted).astimezone(found.zone).date()
    first_open = next((day for day in days if day.openings), days[0])
    day = next((day for day in days if day.on == on), first_open)
    nearest: list[Opening] = []
    if wanted is not None:
        nearest = nearby.nearest(desk, [doctor], visit_type, wanted, apart_from=found.id)
    return respond(
        "patient/move.html",
        "patient/_move.html",
        status=status,
        appointment=found,
        days=days,
        day=day,
        openings=openings.of_day(desk, [doctor], visit_type, day.on, apart_from=found.id),
        alternatives=nearest,
        refusal=refusal,
        parts=parts_of_day,
        day_address=lambda on: url_for("patient.move", ref=found.ref, day=on),
    )
