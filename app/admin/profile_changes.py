"""What doctors would like their pages to say: before and after, to be let through or declined."""

from __future__ import annotations

from flask import Response, flash, make_response, render_template, request, url_for

from app.admin import bp
from app.directory import approvals, preview, profiles
from app.errors import Busy, ClinicError
from app.htmx import respond, see_other
from app.inputs import a_page
from app.models import Role
from app.paging import Page
from app.security import me, only

PAGE_SIZE = 25
NO_REASON = "Write a reason; the doctor reads it."
TOO_LONG = f"Use at most {profiles.LONGEST_REASON} characters."


@bp.get("/admin/profile-changes/", endpoint="profile_changes")
@only(Role.ADMIN)
def changes() -> Response:
    """The doctors whose changes wait, the longest waiting first."""
    found = profiles.waiting()
    number = min(a_page(request.args.get("page")), max(1, -(-len(found) // PAGE_SIZE)))
    rows = found[(number - 1) * PAGE_SIZE : number * PAGE_SIZE]
    return respond(
        "admin/profile_changes.html",
        "admin/_profile_changes.html",
        page=Page(rows, number, len(found)),
        page_address=lambda number: url_for("admin.profile_changes", page=number),
    )


@bp.get("/admin/profile-changes/<ref>/", endpoint="profile_change")
@only(Role.ADMIN)
def change(ref: str) -> Response:
    """What one doctor would like to change."""
    return _change_page(ref)


@bp.post("/admin/profile-changes/<ref>/let-through/")
@only(Role.ADMIN)
def let_through(ref: str) -> Response:
    """Publish what the doctor wishes for."""
    doctor = approvals.doctor_of(ref)
    try:
        profiles.let_through(doctor, me(), version=request.form.get("version", ""))
    except Busy:
        raise
    except ClinicError as refused:
        return _change_page(ref, refused.status, refusal=refused.sentence)
    flash(f"The changes of {doctor.name} are let through.", "success")
    return see_other(url_for("admin.profile_changes"))


@bp.post("/admin/profile-changes/<ref>/decline/", endpoint="decline_profile_change")
@only(Role.ADMIN)
def decline(ref: str) -> Response:
    """Leave the page as it is, and tell the doctor why."""
    doctor = approvals.doctor_of(ref)
    reason = request.form.get("reason", "").strip()
    if not reason or len(reason) > profiles.LONGEST_REASON:
        complaint = TOO_LONG if reason else NO_REASON
        return _change_page(ref, 422, reason=reason, complaint=complaint)
    try:
        profiles.decline(doctor, me(), reason, version=request.form.get("version", ""))
    except Busy:
        raise
    except ClinicError as refused:
        return _change_page(ref, refused.status, refusal=refused.sentence, reason=reason)
    flash(f"{doctor.name} reads the reason on their page, and can change it.", "success")
    return see_other(url_for("admin.profile_changes"))


def _change_page(ref: str, status: int = 200, **context: object) -> Response:
    draft = profiles.draft_of(approvals.doctor_of(ref))
    differences = preview.differences(draft.published, draft.wanted) if draft.is_waiting else []
    page = render_template(
        "admin/profile_change.html",
        doctor=draft.doctor,
        draft=draft,
        differences=differences,
        **context,
    )
    return make_response(page, status)
