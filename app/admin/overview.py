"""What needs an admin's attention, and how full today is."""

from __future__ import annotations

from flask import Response, current_app, make_response, render_template, url_for

from app.admin import bp
from app.admin.outbox import troubles_now
from app.admin.payments import troubles_now as payment_troubles_now
from app.directory import approvals, profiles, setup
from app.models import Role
from app.scheduling import capacity, openings, register
from app.scheduling.register import Concern
from app.security import only


@bp.get("/admin/")
@only(Role.ADMIN)
def overview() -> Response:
    """The admins' first page."""
    desk = openings.desk()
    at = desk.at
    page = render_template(
        "admin/overview.html",
        is_first_run=not desk.catalogue.doctors and setup.is_needed(),
        waiting=approvals.waiting(),
        page_changes=len(profiles.waiting()),
        page_changes_address=_address_of("admin.profile_changes"),
        unanswered=register.how_many(Concern.UNANSWERED, at),
        unclosed=register.how_many(Concern.UNCLOSED, at),
        messages=troubles_now(),
        payment_troubles=payment_troubles_now().total,
        is_worker_silent=capacity.is_worker_silent(desk),
        loads=register.load_of_today(at),
        open_ticks=capacity.open_today(desk),
    )
    return make_response(page)


def _address_of(endpoint: str) -> str | None:
    return url_for(endpoint) if endpoint in current_app.view_functions else None
