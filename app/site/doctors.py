"""A doctor's public page."""

from __future__ import annotations

from flask import Response, make_response, render_template

from app.errors import NotFound
from app.scheduling import openings
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
    next_of = {
        kind.ref: next(iter(openings.earliest(desk, [found], kind, how_many=1)), None)
        for kind in found.visit_types
    }
    soonest = openings.soonest(desk, [found])[found.id]
    page = render_template("site/doctor.html", doctor=found, next_of=next_of, soonest=soonest)
    return make_response(page)
