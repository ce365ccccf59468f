"""Whose board, week, hours or page it is: a doctor's own, or the one that an admin names."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from flask import Response, abort, make_response, render_template, request, url_for

from app.directory import approvals
from app.directory.facts import DoctorFacts
from app.htmx import see_other, varies
from app.models import Doctor, Role
from app.scheduling import openings
from app.scheduling.openings import Desk
from app.security import me, my_doctor


def chosen_doctor() -> Doctor | None:
    """The doctor who is signed in, or whom the address of an admin's page names. Raises
    NotFound."""
    if me().role is Role.DOCTOR:
        return my_doctor()
    ref = request.args.get("doctor")
    return approvals.doctor_of(ref) if ref else None


def doctor_at_hand() -> Doctor:
    """The same; an admin who names none is sent to the list of them."""
    return chosen_doctor() or abort(see_other(url_for("admin.doctors")))


def address_of(doctor: Doctor, endpoint: str, **more: object) -> str:
    """A page of this doctor, for whoever is asking."""
    named = doctor.ref if me().role is Role.ADMIN else None
    return url_for(endpoint, doctor=named, **more)  # type: ignore[arg-type]


def zone_of(desk: Desk, doctor: DoctorFacts | None) -> ZoneInfo:
    """The wall by which the doctor's days are told."""
    return doctor.locations[0].zone if doctor and doctor.locations else desk.settings.zoneinfo


def choose(endpoint: str) -> Response:
    """A page on which an admin chooses whose `endpoint` to see."""
    doctors = openings.desk().catalogue.doctors
    return varies(
        make_response(render_template("doctor/choose.html", doctors=doctors, to=endpoint))
    )


def waiting(doctor: Doctor) -> Response:
    """What a doctor sees who is not approved yet."""
    return varies(make_response(render_template("doctor/waiting.html", doctor=doctor)))
