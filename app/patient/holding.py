"""From an opening to an appointment: hold, prolong, give back, book."""

from __future__ import annotations

from flask import Response, current_app, make_response, render_template, request, session, url_for
from flask_login import current_user

from app.clock import tick_of
from app.errors import ClinicError
from app.htmx import respond, see_other
from app.inputs import a_tick
from app.models import Appointment, Role
from app.patient import bp
from app.patient.booking import booking_page, my_hold, new_key
from app.patient.choices import Choices
from app.scheduling import appointments, bookings, holds, nearby, openings, refusals, who_may_book
from app.scheduling.states import MOVABLE
from app.security import BROWSER, holder, limited, me, my_patient, only, public

KEY_LENGTHS = range(8, 65)


@bp.get("/appointment/hold/", endpoint="form_address")
@bp.get("/appointment/book/", endpoint="form_address")
@public
def form_address() -> Response:
    """Where a form was refused, the browser's address is the form's: opened again, it leads back
    to the choice."""
    return see_other(url_for("patient.book"))


@bp.post("/appointment/hold/")
@public
@limited("40 per 10 minutes")
def hold() -> Response:
    """Hold the chosen opening. The button says which: `<doctor>.<tick>`."""
    doctor_ref, _, tick_text = request.form.get("opening", "").partition(".")
    tick = a_tick(tick_text)
    key = request.form.get("key", "")
    desk = openings.desk()
    choices = Choices.read(
        desk.catalogue, {**request.form, "doctor": doctor_ref, "opening": tick_text}
    )
    meant = desk.catalogue.doctor(doctor_ref)
    if meant and request.form.get("visit_type") in {kind.ref for kind in meant.for_staff}:
        only = who_may_book.OnlyByStaff
        return booking_page(choices, status=only.status, refusal=only.sentence)
    if tick is None or choices.visit_type is None or len(key) not in KEY_LENGTHS:
        return booking_page(choices, status=422, refusal="Choose one of the times on the page.")
    if current_user.is_authenticated and me().patient is None:
        sentence = "Visits are booked by patients. Log in with a patient's account to book one."
        return booking_page(choices, status=403, refusal=sentence)
    # A first click that is sent twice at once comes from one browser.
    session.setdefault(BROWSER, session["csrf_token"])
    try:
        held = holds.hold(
            holder(),
            doctor_ref,
            choices.visit_type.ref,
            tick,
            f"{key} {doctor_ref}.{tick}",  # Back leads to the same form, and to another time
            request.form.get("reason", ""),
        )
    except ClinicError as refused:
        asked = Choices.read(desk.catalogue, request.form)
        return _refused(
            asked if asked.is_any_doctor else choices, tick, refused, request.form.get("reason", "")
        )
    zone = desk.catalogue.places[held.location_id].zone
    day = held.starts_at.astimezone(zone).date()
    return see_other(choices.address(day=day, opening=tick))


@bp.post("/appointment/hold/prolong/")
@public
@limited("20 per minute")
def prolong() -> Response:
    """Keep the held time for as long again, once."""
    held = my_hold()
    choices = Choices.read(openings.desk().catalogue, request.form)
    try:
        holds.prolong(holder(), request.form.get("ref", ""))
    except ClinicError as refused:
        return booking_page(choices, status=refused.status, refusal=refused.sentence)
    return see_other(_address_of(held, choices) if held else choices.address())


@bp.post("/appointment/hold/release/")
@public
@limited("60 per minute")
def release() -> Response:
    """Give the held time back."""
    holds.release(holder(), request.form.get("ref", ""))
    if request.form.get("leaving"):
        return make_response("", 204)
    choices = Choices.read(openings.desk().catalogue, request.form)
    return see_other(choices.address(opening=None))


@bp.post("/appointment/book/")
@public
@limited("30 per 10 minutes")
def confirm() -> Response:
    """Book the held time; who is not signed in is sent to do that first, and loses nothing."""
    ref = request.form.get("ref", "")
    reason = request.form.get("reason", "")
    choices = Choices.read(openings.desk().catalogue, request.form)
    if len(reason) > holds.LONGEST_REASON:
        sentence = f"Use at most {holds.LONGEST_REASON} characters."
        return booking_page(choices, status=422, reason=reason, complaint=sentence)
    if not current_user.is_authenticated:
        return _sign_in_first(ref, reason, choices)
    try:
        unpaid = not current_app.config["DOCKET"].takes_payments
        appointment = bookings.book(holder(), my_patient(), ref, reason, unpaid=unpaid)
    except ClinicError as refused:
        return _refused(choices, choices.opening, refused, reason)
    return see_other(url_for("patient.booked", ref=appointment.ref))


@bp.get("/appointment/booked/<ref>/")
@only(Role.PATIENT)
def booked(ref: str) -> Response:
    """The confirmation: when, where, what to bring, and what comes next."""
    appointment = appointments.appointment_of(my_patient(), ref)
    if appointment.status not in MOVABLE:  # what was true when it was booked is no longer
        return see_other(url_for("patient.appointment", ref=ref))
    return make_response(
        render_template(
            "patient/booked.html", appointment=appointment, is_confirmed=me().is_confirmed
        )
    )


def _sign_in_first(ref: str, reason: str, choices: Choices) -> Response:
    held = my_hold()
    if held is None or held.ref != ref:
        return _refused(choices, choices.opening, refusals.HoldEnded(), reason)
    holds.note(holder(), ref, reason)
    back = _address_of(held, choices)
    session["next"] = back
    page = "auth.register" if request.form.get("then") == "register" else "auth.login"
    return see_other(url_for(page, next=back))


def _refused(
    choices: Choices, tick: int | None, refused: ClinicError, reason: str = ""
) -> Response:
    """The sentence and, where another time would help, the nearest three; else the page again.

    In a rush this is what most people get, so it is short: no strip of days, one query.
    """
    wants_another = isinstance(refused, refusals.NotBookable | refusals.HoldEnded)
    if not wants_another or tick is None or choices.visit_type is None:
        return booking_page(
            choices, status=refused.status, refusal=refused.sentence, reason=reason or None
        )
    return respond(
        "patient/refused.html",
        "patient/_refused.html",
        status=refused.status,
        choices=choices,
        refusal=refused.sentence,
        alternatives=nearby.nearest(openings.desk(), choices.doctors, choices.visit_type, tick),
        reason=reason,
        key=new_key(),
    )


def _address_of(held: Appointment, choices: Choices) -> str:
    local = held.starts_at.astimezone(held.zone)
    return choices.address(
        doctor=held.doctor.ref,
        visit_type=held.visit_type.ref,
        day=local.date(),
        opening=tick_of(held.starts_at),
    )
