"""Cancelling and moving one's own appointment, within the clinic's policy: signed in, or by the
link of a letter."""

from __future__ import annotations

from flask import Response, flash, make_response, render_template, request
from flask_wtf import FlaskForm
from wtforms import HiddenField, TextAreaField
from wtforms.validators import Length

from app import clock
from app.billing import ledger, refunds
from app.billing.terms import terms_of
from app.clock import instant_of
from app.errors import ClinicError
from app.formats import long_time
from app.htmx import respond, see_other
from app.inputs import a_day, a_number, a_tick
from app.models import Role
from app.patient import bp
from app.patient.booking import parts_of_day
from app.patient.mine import details_page, options_of
from app.patient.ways import Way, mailed, own
from app.scheduling import appointments, changes, nearby, openings, refusals, strip
from app.scheduling.openings import Opening
from app.security import limited, my_patient, only, public
from app.signing import Purpose

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
    return _ask_to_cancel(own(appointments.appointment_of(my_patient(), ref)))


@bp.post("/appointment-details/<ref>/cancel/")
@only(Role.PATIENT)
@limited("20 per minute")
def cancel_now(ref: str) -> Response:
    """Cancel the appointment."""
    return _cancel(own(appointments.appointment_of(my_patient(), ref)))


@bp.get("/appointment-details/<ref>/move/")
@only(Role.PATIENT)
def move(ref: str) -> Response:
    """Choose another opening of the same doctor and visit type."""
    return _choose_a_time(own(appointments.appointment_of(my_patient(), ref)))


@bp.post("/appointment-details/<ref>/move/")
@only(Role.PATIENT)
@limited("20 per minute")
def move_now(ref: str) -> Response:
    """Move the appointment; when that fails, it stays where it was."""
    return _move(own(appointments.appointment_of(my_patient(), ref)))


@bp.get("/visit/<token>/cancel/")
@public
@limited("60 per minute")
def mailed_cancel(token: str) -> Response:
    """Ask whoever has the letter before cancelling."""
    return _ask_to_cancel(mailed(token, Purpose.CANCEL_VISIT))


@bp.post("/visit/<token>/cancel/")
@public
@limited("20 per minute")
def mailed_cancel_now(token: str) -> Response:
    """Cancel by the link of a letter."""
    return _cancel(mailed(token, Purpose.CANCEL_VISIT))


@bp.get("/visit/<token>/move/")
@public
@limited("60 per minute")
def mailed_move(token: str) -> Response:
    """Let whoever has the letter choose another opening."""
    return _choose_a_time(mailed(token, Purpose.MOVE_VISIT))


@bp.post("/visit/<token>/move/")
@public
@limited("20 per minute")
def mailed_move_now(token: str) -> Response:
    """Move by the link of a letter."""
    return _move(mailed(token, Purpose.MOVE_VISIT))


def _ask_to_cancel(way: Way) -> Response:
    if not options_of(way.found).may_change:
        return details_page(way)
    return _cancel_page(way, CancelForm(version=way.found.version))


def _cancel(way: Way) -> Response:
    form = CancelForm()
    version = a_number(form.version.data, 1, LARGEST_VERSION)
    if not form.validate_on_submit() or version is None:
        return _cancel_page(way, form, status=422)
    try:
        changes.cancel(way.found, way.actor, form.reason.data or "", version=version)
    except ClinicError as refused:
        return details_page(way, status=refused.status, refusal=refused.sentence)
    flash("Your appointment is cancelled, and the time is free for others.", "success")
    return see_other(way.after)


def _choose_a_time(way: Way) -> Response:
    return _move_page(way) if options_of(way.found).may_change else details_page(way)


def _move(way: Way) -> Response:
    tick = a_tick(request.form.get("opening"))
    version = a_number(request.form.get("version"), 1, LARGEST_VERSION)
    if tick is None or version is None:
        return _move_page(way, status=422, refusal="Choose one of the times on the page.")
    try:
        changes.move(way.found, way.actor, tick, version=version)
    except refusals.NotBookable as refused:
        sentence = f"{refused.sentence} Your appointment stays as it was."
        return _move_page(way, status=refused.status, refusal=sentence, wanted=tick)
    except ClinicError as refused:
        return details_page(way, status=refused.status, refusal=refused.sentence)
    new_time = long_time(way.found.starts_at, way.found.zone)
    flash(f"Your appointment is now on {new_time}.", "success")
    return see_other(way.after)


def _cancel_page(way: Way, form: CancelForm, status: int = 200) -> Response:
    payments = ledger.payments_of(way.found)
    page = render_template(
        "patient/cancel.html",
        appointment=way.found,
        way=way,
        form=form,
        paid=ledger.money_of(payments).left,
        back=refunds.back_on_cancelling(way.found, payments, by_patient=True),
        is_free=clock.now() <= terms_of(way.found).free_until(way.found.starts_at),
    )
    return make_response(page, status)


def _move_page(
    way: Way, *, status: int = 200, refusal: str | None = None, wanted: int | None = None
) -> Response:
    found, desk = way.found, openings.desk()
    terms = desk.terms_of(found)
    if terms is None:
        sentence = "This doctor takes no bookings at present. Call the clinic to move the visit."
        return details_page(way, status=409, refusal=sentence)
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
        way=way,
        days=days,
        day=day,
        openings=openings.of_day(desk, [doctor], visit_type, day.on, apart_from=found.id),
        alternatives=nearest,
        refusal=refusal,
        parts=parts_of_day,
        day_address=lambda on: f"{way.move}?day={on}",
    )
