"""Doctors: who waits for approval, who is published, who is hidden."""

from __future__ import annotations

from collections.abc import Callable

from flask import Response, flash, request, url_for

from app.accounts import names
from app.admin import bp
from app.admin.asked import chosen, searched, version_seen
from app.directory import approvals
from app.directory.approvals import NoLicence, Sort, Standing
from app.errors import Busy, ChangedMeanwhile, ClinicError
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
    search = searched()
    sort = chosen(Sort, request.args.get("sort")) or approvals.usual_sort(standing)
    page = approvals.find(standing, a_page(request.args.get("page")), search=search, sort=sort)
    ids = [candidate.doctor.id for candidate in page.rows]
    return respond(
        "admin/doctors.html",
        "admin/_doctors.html",
        page=page,
        standing=standing,
        counts=counts,
        coming=register.coming_by_doctor(ids, openings.desk().at),
        search=search,
        sort=sort,
        sorts=Sort,
        usual=approvals.usual_sort(standing),
        page_address=lambda number: url_for(
            "admin.doctors",
            standing=standing.value,
            q=search or None,
            sort=sort.value if sort is not approvals.usual_sort(standing) else None,
            page=number,
        ),
    )


@bp.get("/admin/doctors/<ref>/")
@only(Role.ADMIN)
def doctor(ref: str) -> Response:
    """One doctor: the licence, what is missing, and the change that is possible now."""
    return _doctor_page(ref)


@bp.post("/admin/doctors/<ref>/approve/")
@only(Role.ADMIN)
def approve(ref: str) -> Response:
    """Accept a doctor into the clinic, under the licence number that the admin has checked."""
    found, version = approvals.doctor_of(ref), version_seen()
    licence = names.tidy(request.form.get("licence_number", ""))
    try:
        approvals.approve(found, me(), licence_number=licence, version=version)
    except NoLicence as refused:
        return _doctor_page(ref, typed_licence=licence, licence_error=refused)
    except ChangedMeanwhile as refused:
        return _doctor_page(ref, refused, typed_licence=licence)
    flash(f"{found.name} is approved. We tell them by e-mail.", "success")
    return see_other(url_for("admin.doctor", ref=ref))


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


def _doctor_page(
    ref: str,
    refused: ClinicError | None = None,
    *,
    typed_licence: str | None = None,
    licence_error: NoLicence | None = None,
) -> Response:
    candidate = approvals.candidate_of(ref)
    fault = refused or licence_error
    coming = register.coming_by_doctor([candidate.doctor.id], openings.desk().at)
    return respond(
        "admin/doctor.html",
        "admin/doctor.html",
        status=fault.status if fault else 200,
        candidate=candidate,
        doctor=candidate.doctor,
        coming=coming.get(candidate.doctor.id, 0),
        refusal=refused.sentence if refused else None,
        typed_licence=typed_licence,
        licence_error=licence_error.sentence if licence_error else None,
    )
