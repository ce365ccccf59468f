"""The audit trail: who changed what, from what to what, when and why."""

from __future__ import annotations

from flask import Response, request, url_for

from app.accounts import finding
from app.admin import bp
from app.admin.users import LONGEST_SEARCH
from app.clinic import trail
from app.clinic.trail import Wanted
from app.htmx import respond
from app.inputs import a_day, a_number
from app.models import Role
from app.scheduling import openings
from app.security import only

LARGEST_ID = 999_999_999_999
LONGEST_WORD = 60


@bp.get("/admin/audit/")
@only(Role.ADMIN)
def audit() -> Response:
    """The events, narrowed, newest first; a stretch begins before the event of a number."""
    who = request.args.get("who", "")[:LONGEST_SEARCH].strip()
    wanted = Wanted(
        zone=openings.desk().settings.zoneinfo,
        actor_ids=tuple(finding.ids_matching(who)) if who else None,
        kind=request.args.get("kind", "")[:LONGEST_WORD].strip(),
        action=request.args.get("action", "")[:LONGEST_WORD].strip(),
        on=a_day(request.args.get("day")),
    )
    before = a_number(request.args.get("before"), 1, LARGEST_ID)
    return respond(
        "admin/audit.html",
        "admin/_events.html",
        stretch=trail.find(wanted, before),
        words=trail.words(),
        wanted=wanted,
        who=who,
        before=before,
        address=lambda number: url_for(
            "admin.audit",
            who=who or None,
            kind=wanted.kind or None,
            action=wanted.action or None,
            day=wanted.on,
            before=number,
        ),
    )
