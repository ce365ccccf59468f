"""A patient's own appointments: the list, one of them, and its file for a calendar."""

from __future__ import annotations

from dataclasses import dataclass

from flask import Response, current_app, make_response, render_template, request, url_for

from app.billing import ledger, receipts
from app.htmx import respond, tag_of, tagged, unchanged
from app.inputs import a_page
from app.messaging import told
from app.messaging.calendar_file import calendar_file
from app.messaging.told import Telling
from app.models import Appointment, Role
from app.patient import bp
from app.patient.ways import Way, mailed, own
from app.scheduling import appointments, changes, openings
from app.scheduling.appointments import When
from app.scheduling.states import MOVABLE
from app.security import limited, my_patient, only, public, quiet
from app.signing import Purpose

LONGEST_SEARCH = 80


@dataclass(frozen=True, slots=True)
class Options:
    """What the patient may still do with an appointment, and until when."""

    may_change: bool
    is_too_late: bool


@bp.get("/view-appointment/", endpoint="appointments")
@only(Role.PATIENT)
def my_appointments() -> Response:
    """Upcoming or past appointments, searched and paged."""
    when = When.PAST if request.args.get("when") == "past" else When.UPCOMING
    search = request.args.get("q", "")[:LONGEST_SEARCH].strip()
    page = appointments.appointments_of(
        my_patient(), when, openings.desk().at, search, a_page(request.args.get("page"))
    )
    return respond(
        "patient/appointments.html",
        "patient/_appointments.html",
        page=page,
        when=when,
        search=search,
        page_address=lambda number: url_for(
            "patient.appointments", when=when.value, q=search or None, page=number
        ),
    )


@bp.get("/appointment-details/<ref>/")
@only(Role.PATIENT)
def appointment(ref: str) -> Response:
    """One appointment with its history."""
    return details_page(own(appointments.appointment_of(my_patient(), ref)))


@bp.get("/appointment-details/<ref>/status/")
@only(Role.PATIENT)
@quiet
def appointment_status(ref: str) -> Response:
    """What of an appointment may change while its page is open."""
    found = appointments.appointment_of(my_patient(), ref)
    tag = tag_of(found.id, found.version, options_of(found), _telling_of(found))
    return unchanged(tag) or tagged(details_page(own(found)), tag)


@bp.get("/appointment-details/<ref>/calendar.ics")
@only(Role.PATIENT)
def appointment_calendar(ref: str) -> Response:
    """The appointment as a calendar file."""
    found = appointments.appointment_of(my_patient(), ref)
    config = current_app.config["DOCKET"]
    response = make_response(calendar_file(found, openings.desk().settings.name, config.base_url))
    response.headers["Content-Type"] = "text/calendar; charset=utf-8; method=PUBLISH"
    response.headers["Content-Disposition"] = f'attachment; filename="docket-{found.ref}.ics"'
    return response


@bp.get("/visit/<token>/")
@public
@limited("60 per minute")
def mailed_details(token: str) -> Response:
    """What a letter told, to whoever has it."""
    return details_page(mailed(token, Purpose.SEE_VISIT))


def details_page(way: Way, *, status: int = 200, refusal: str | None = None) -> Response:
    """The page of one appointment, or the part of it that lives. By a mailed link: no more than
    the letter told, without the reason for the visit."""
    found = way.found
    payments = ledger.payments_of(found)
    if way.is_mailed:
        page = render_template(
            "patient/mailed.html",
            appointment=found,
            way=way,
            options=options_of(found),
            refusal=refusal,
        )
        return make_response(page, status)
    return respond(
        "patient/details.html",
        "patient/_details.html",
        status=status,
        appointment=found,
        way=way,
        history=appointments.history_of(found),
        options=options_of(found),
        telling=_telling_of(found),
        money=ledger.money_of(payments),
        receipts=receipts.numbers_of(payments),
        settings=openings.desk().settings,
        refusal=refusal,
    )


def _telling_of(found: Appointment) -> Telling:
    return told.of([found], openings.desk().at)[found.id]


def options_of(found: Appointment) -> Options:
    """What the patient may still do with the appointment."""
    is_open = found.status in MOVABLE
    in_time = changes.may_still_change(openings.desk(), found)
    return Options(may_change=is_open and in_time, is_too_late=is_open and not in_time)
