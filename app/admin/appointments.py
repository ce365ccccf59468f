"""All appointments of the clinic, searched; each leads to its own page, where it is changed."""

from __future__ import annotations

import re
from typing import Any

from flask import Response, request, url_for

from app.accounts import finding
from app.admin import bp
from app.admin.asked import chosen, searched
from app.directory import approvals
from app.directory.facts import Catalogue
from app.errors import NotFound
from app.htmx import respond
from app.inputs import a_day, a_page
from app.messaging import told
from app.models import AppointmentStatus, Role
from app.scheduling import openings, register
from app.scheduling.appointments import When
from app.scheduling.register import Concern, Sort, Wanted
from app.security import only

REFERENCE = re.compile(r"[2-9a-hjkmnp-z]{16}", re.ASCII)
SHOWN = [one for one in AppointmentStatus if one.value not in {"held", "expired"}]
ASKED_FOR = ("q", "doctor", "location", "status", "concern", "day", "when", "sort")


@bp.get("/admin/appointments/")
@only(Role.ADMIN)
def appointments() -> Response:
    """The appointments, coming or past, narrowed, ordered and paged; the address holds it all."""
    desk = openings.desk()
    search = searched()
    wanted = _wanted(desk.catalogue, search)
    page = register.find(wanted, desk.at, a_page(request.args.get("page")))
    return respond(
        "admin/appointments.html",
        "admin/_appointments.html",
        page=page,
        tellings=told.of(page.rows, desk.at),
        wanted=wanted,
        search=search,
        catalogue=desk.catalogue,
        statuses=[(one.value, one.value.replace("_", " ").capitalize()) for one in SHOWN],
        address=_address,
        page_address=lambda number: _address(page=number),
        filters=_filters(wanted),
    )


def _wanted(catalogue: Catalogue, search: str) -> Wanted:
    is_reference = bool(REFERENCE.fullmatch(search.lower()))
    people = finding.ids_matching(search) if search and not is_reference else None
    place = catalogue.location(request.args.get("location", ""))
    return Wanted(
        when=When.PAST if request.args.get("when") == "past" else When.UPCOMING,
        ref=search.lower() if is_reference else "",
        patient_user_ids=tuple(people) if people is not None else None,
        doctor_id=_doctor_id(catalogue, request.args.get("doctor")),
        location_id=place.id if place else None,
        status=chosen(AppointmentStatus, request.args.get("status")),
        concern=chosen(Concern, request.args.get("concern")),
        on=a_day(request.args.get("day")),
        sort=chosen(Sort, request.args.get("sort")),
    )


def _doctor_id(catalogue: Catalogue, ref: str | None) -> int | None:
    if not ref:
        return None
    known = catalogue.doctor(ref)
    if known is not None:
        return known.id
    try:
        return approvals.doctor_of(ref).id
    except NotFound:
        return None


def _address(**changed: Any) -> str:
    """This page with some of what was asked for changed; what is empty is left out."""
    asked: dict[str, Any] = {name: request.args.get(name) or None for name in ASKED_FOR}
    return url_for("admin.appointments", **(asked | changed))


def _filters(wanted: Wanted) -> int:
    """How many of the folded filters are in use."""
    return sum(
        value is not None
        for value in (wanted.doctor_id, wanted.location_id, wanted.status, wanted.on)
    )
