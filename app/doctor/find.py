"""Search among the visits of one doctor; the address holds all that was asked for."""

from __future__ import annotations

import re

from flask import Response, make_response, render_template, request, url_for

from app.directory import approvals
from app.doctor import bp
from app.htmx import respond
from app.inputs import a_day, a_page
from app.models import Doctor, Role
from app.scheduling import finding_visits, openings
from app.scheduling.finding_visits import Wanted
from app.security import me, my_doctor, only

LONGEST_SEARCH = 80
REFERENCE = re.compile(r"[2-9a-hjkmnp-z]{16}", re.ASCII)


@bp.get("/board/find/")
@only(Role.DOCTOR, Role.ADMIN)
def find() -> Response:
    """Visits by the patient's name, the reference or the day; admins choose whose."""
    desk = openings.desk()
    doctor = _chosen_doctor()
    if doctor is None:
        choice = render_template(
            "doctor/week_choose.html", doctors=desk.catalogue.doctors, to="doctor.find"
        )
        return make_response(choice)
    if doctor.approved_at is None:
        return make_response(render_template("doctor/waiting.html", doctor=doctor))
    search = request.args.get("q", "")[:LONGEST_SEARCH].strip()
    is_reference = bool(REFERENCE.fullmatch(search.lower()))
    on = a_day(request.args.get("day"))
    wanted = Wanted(
        ref=search.lower() if is_reference else "", name="" if is_reference else search, on=on
    )
    whose = doctor.ref if me().role is Role.ADMIN else None
    return respond(
        "doctor/find.html",
        "doctor/_found.html",
        page=finding_visits.find(doctor, wanted, a_page(request.args.get("page"))),
        search=search,
        on=on,
        doctor=doctor,
        whose=whose,
        page_address=lambda number: url_for(
            "doctor.find", q=search or None, day=on, doctor=whose, page=number
        ),
    )


def _chosen_doctor() -> Doctor | None:
    if me().role is Role.DOCTOR:
        return my_doctor()
    ref = request.args.get("doctor")
    return approvals.doctor_of(ref) if ref else None
