"""A doctor's public page."""

from __future__ import annotations

from flask import Response, make_response, render_template

from app.errors import NotFound
from app.scheduling import openings, soonest
from app.security import public
from app.site import bp


@bp.get("/doctors/<ref>/")
@public
def doctor(ref: str) -> Response:
    """Who the doctor is, where and how they see people, and when next."""
    desk = openings.desk()
    found = desk.catalogue.doctor(ref)
    if found is None:
        raise NotFound("We know no doctor at this address. The page may have moved.")
    page = render_template(
        "site/doctor.html",
        desk=desk,
        doctor=found,
        visits=soonest.of_each_visit_type(desk, found),
        paragraphs=[line for line in found.about.splitlines() if line.strip()],
    )
    return make_response(page)
