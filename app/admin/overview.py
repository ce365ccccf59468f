"""What needs an admin's attention, and how full today is."""

from __future__ import annotations

from flask import Response, make_response, render_template

from app.admin import bp
from app.directory import approvals
from app.messaging.troubles import troubles
from app.models import Role
from app.scheduling import openings, register
from app.scheduling.register import Concern
from app.security import only


@bp.get("/admin/")
@only(Role.ADMIN)
def overview() -> Response:
    """The admins' first page."""
    at = openings.desk().at
    page = render_template(
        "admin/overview.html",
        waiting=approvals.waiting(),
        unanswered=register.how_many(Concern.UNANSWERED, at),
        unclosed=register.how_many(Concern.UNCLOSED, at),
        messages=troubles(at),
        loads=register.load_of_today(at),
    )
    return make_response(page)
