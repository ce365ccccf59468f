"""The audit trail: who changed what, from what to what, when and why."""

from __future__ import annotations

from typing import Any

from flask import Response, current_app, request, url_for

from app.accounts import finding
from app.admin import bp, wording
from app.admin.asked import LONGEST_SEARCH
from app.clinic import trail
from app.clinic.trail import Stretch, Wanted
from app.htmx import respond
from app.inputs import a_day, a_number
from app.models import AuditEvent, Role
from app.scheduling import openings
from app.security import only

LARGEST_ID = 999_999_999_999
LONGEST_WORD = 60
# Where things are changed that have no page of their own, or none that an event could name.
PLACES = {
    "specialty": "admin.specialties",
    "location": "admin.locations",
    "visit_type": "admin.visit_types",
    "closure": "admin.closures",
    "setting": "admin.settings",
    "site_page": "admin.pages",
}


@bp.get("/admin/audit/")
@only(Role.ADMIN)
def audit() -> Response:
    """The events, narrowed, newest first; a stretch begins before the event of a number."""
    who, what = _text("who", LONGEST_SEARCH), _text("what", LONGEST_SEARCH)
    wanted = Wanted(
        zone=openings.desk().settings.zoneinfo,
        actor_ids=tuple(finding.ids_matching(who)) if who else None,
        things=trail.things_called(what, finding.ids_matching(what)) if what else None,
        kind=_text("kind", LONGEST_WORD),
        action=_text("action", LONGEST_WORD),
        first_day=a_day(request.args.get("from")),
        last_day=a_day(request.args.get("to")),
    )
    before = a_number(request.args.get("before"), 1, LARGEST_ID)
    stretch = trail.find(wanted, before)
    return respond(
        "admin/audit.html",
        "admin/_events.html",
        stretch=stretch,
        words=trail.words(),
        wanted=wanted,
        who=who,
        what=what,
        before=before,
        place_of=lambda event: _place_of(event, stretch),
        differences=lambda event: wording.differences(event.before, event.after, wanted.zone),
        in_words=wording.of_action,
        address=lambda number: _address(who, what, wanted, number),
    )


def _text(name: str, longest: int) -> str:
    return request.args.get(name, "")[:longest].strip()


def _address(who: str, what: str, wanted: Wanted, number: int | None) -> str:
    asked: dict[str, Any] = {
        "who": who or None,
        "what": what or None,
        "kind": wanted.kind or None,
        "action": wanted.action or None,
        "from": wanted.first_day,
        "to": wanted.last_day,
        "before": number,
    }
    return url_for("admin.audit", **asked)


def _place_of(event: AuditEvent, stretch: Stretch) -> str | None:
    """The page on which the thing of an event is looked after, if there is one."""
    kind = event.object_kind
    if kind == "appointment" and event.object_name:
        return url_for("doctor.visit", ref=event.object_name)
    if kind == "outbox_message":
        return url_for("admin.message", number=event.object_id)
    if ref := stretch.refs.get((kind, event.object_id)):
        return url_for(f"admin.{kind}", ref=ref)
    endpoint = PLACES.get(kind)
    return url_for(endpoint) if endpoint in current_app.view_functions else None
