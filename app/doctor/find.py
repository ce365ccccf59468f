"""Search among the visits of one doctor; the address holds all that was asked for."""

from __future__ import annotations

import re

from flask import Response, request, url_for

from app.doctor import bp, whose
from app.htmx import respond
from app.inputs import a_day, a_page
from app.models import Role
from app.scheduling import finding_visits
from app.scheduling.finding_visits import Wanted
from app.security import me, only

LONGEST_SEARCH = 80
REFERENCE = re.compile(r"[2-9a-hjkmnp-z]{16}", re.ASCII)


@bp.get("/board/find/")
@only(Role.DOCTOR, Role.ADMIN)
def find() -> Response:
    """Visits by the patient's name, the reference or the day; admins choose whose."""
    doctor = whose.chosen_doctor()
    if doctor is None:
        return whose.choose("doctor.find")
    if doctor.approved_at is None:
        return whose.waiting(doctor)
    search = request.args.get("q", "")[:LONGEST_SEARCH].strip()
    is_reference = bool(REFERENCE.fullmatch(search.lower()))
    on = a_day(request.args.get("day"))
    wanted = Wanted(
        ref=search.lower() if is_reference else "", name="" if is_reference else search, on=on
    )
    named = doctor.ref if me().role is Role.ADMIN else None
    return respond(
        "doctor/find.html",
        "doctor/_found.html",
        page=finding_visits.find(doctor, wanted, a_page(request.args.get("page"))),
        search=search,
        on=on,
        doctor=doctor,
        whose=named,
        page_address=lambda number: url_for(
            "doctor.find", q=search or None, day=on, doctor=named, page=number
        ),
    )
