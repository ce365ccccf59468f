"""Doctors: who waits for approval, who is published, who is hidden."""

from __future__ import annotations

from collections.abc import Callable

from flask import Response, flash, request, url_for

from app.admin import bp
from app.admin.users import chosen, version_seen
from app.directory import approvals
from app.directory.approvals import Standing
from app.errors import Busy, ClinicError
from app.htmx import respond, see_other
from app.inputs import a_page
from app.models import Role
from app.scheduling import openings, register
from app.security import me, only


@bp.get("/admin/doctors/")
@only(Role.ADMIN)
def doctors() -> Response:
    """The doctors who stand in one place on the way to the public."""
    counts = approvals.counts()
    first = Standing.WAITING if counts[Standing.WAITING] else Standing.PUBLISHED
    standing = chosen(Standing, request.args.get("standing")) or first
    page = approvals.find(standing, a_page(request.args.get("page")))
    ids = [candidate.doctor.id for candidate in page.rows]
    return respond(
        "admin/doctors.html",
        "admin/_doctors.html",
        page=page,
        standing=standing,
        counts=counts,
        coming=register.coming_by_doctor(ids, openings.desk().at),
        page_address=lambda number: url_for("admin.doctors", standing=standing.value, page=number),
    )


@bp.get("/admin/doctors/<ref>/")
@only(Role.ADMIN)
def doctor(ref: str) -> Response:
    """One doctor: the licence, what is missing, and the change that is possible now."""
    return _doctor_page(ref)


@bp.post("/admin/doctors/<ref>/approve/")
@only(Role.ADMIN)
def approve(ref: str) -> Response:
    """Accept a doctor into the clinic."""
    return _change(ref, approvals.approve, "is approved. We tell them by e-mail.")


@bp.post("/admin/doctors/<ref>/publish/")
@only(Role.ADMIN)
def publish(ref: str) -> Response:
    """Show a doctor to the public."""
    return _change(ref, approvals.publish, "is published. Patients can find and book them now.")


@bp.post("/admin/doctors/<ref>/unpublish/")
@only(Role.ADMIN)
def unpublish(ref: str) -> Response:
    """Hide a doctor from the public; what is booked stays."""
    return _change(ref, approvals.unpublish, "is hidden. What is booked stays as it is.")


def _change(ref: str, change: Callable[..., None], done: str) -> Response:
    found, version = approvals.doctor_of(ref), version_seen()
    try:
        change(found, me(), version=version)
    except Busy:
        raise
    except ClinicError as refused:
        return _doctor_page(ref, refused)
    flash(f"{found.name} {done}", "success")
    return see_other(url_for("admin.doctor", ref=ref))


def _doctor_page(ref: str, refused: ClinicError | None = None) -> Response:
    candidate = approvals.candidate_of(ref)
    coming = register.coming_by_doctor([candidate.doctor.id], openings.desk().at)
    return respond(
        "admin/doctor.html",
        "admin/doctor.html",
        status=refused.status if refused else 200,
        candidate=candidate,
        doctor=candidate.doctor,
        coming=coming.get(candidate.doctor.id, 0),
        refusal=refused.sentence if refused else None,
    )
