"""The first run: from an empty database to the first booking, a small step at a time."""

from __future__ import annotations

from dataclasses import replace

from flask import Response, flash, make_response, render_template, url_for

from app.admin import bp
from app.admin.asked import version_seen
from app.admin.offer_form import OfferForm
from app.admin.settings_form import ClinicForm
from app.clinic import policy, settings
from app.conflicts import Difference, of_forms
from app.directory import approvals, profiles, setup
from app.directory.profile import Terms
from app.directory.setup import Progress, Step
from app.errors import Busy, ChangedMeanwhile, ClinicError, NotFound
from app.htmx import see_other
from app.inputs import takes_many
from app.models import Doctor, Role
from app.security import me, only


@bp.get("/admin/setup/", endpoint="setup")
@only(Role.ADMIN)
def setup_page() -> Response:
    """What is done, what comes next, and how to do it."""
    return _page(setup.progress())


@bp.get("/admin/setup/clinic/")
@only(Role.ADMIN)
def setup_clinic() -> Response:
    """Ask how the clinic is called and reached."""
    return _clinic_page(_clinic_form())


@bp.post("/admin/setup/clinic/")
@only(Role.ADMIN)
def setup_clinic_now() -> Response:
    """Keep it, and go on."""
    form = ClinicForm()
    if not form.validate_on_submit():
        return _clinic_page(form, 422)
    try:
        policy.save(form.wanted(settings.current()), me(), version=form.version.data or "")
    except ChangedMeanwhile as refused:
        stored = _clinic_form()
        form.version.data = stored.version.data
        return _clinic_page(form, refused.status, of_forms(form, stored))
    return see_other(url_for("admin.setup"))


@bp.get("/admin/setup/offer/")
@only(Role.ADMIN)
def setup_offer() -> Response:
    """Ask what the first doctor offers."""
    doctor = _doctor()
    return _offer_page(doctor, _offer_form(doctor))


@bp.post("/admin/setup/offer/")
@only(Role.ADMIN)
@takes_many("specialties", "visit_types", "languages")
def setup_offer_now() -> Response:
    """Keep it, and go on."""
    doctor, form = _doctor(), OfferForm()
    if not form.validate_on_submit():
        return _offer_page(doctor, form, 422)
    known = profiles.draft_of(doctor).published
    wanted = replace(
        known,
        specialties=tuple(form.specialties.data),
        languages=tuple(form.languages.data),
        visits={ref: known.visits.get(ref, Terms()) for ref in form.visit_types.data},
    )
    try:
        profiles.save(doctor, wanted, me(), version=form.version.data or "")
    except ChangedMeanwhile as refused:
        stored = _offer_form(doctor)
        form.version.data = stored.version.data
        return _offer_page(doctor, form, refused.status, of_forms(form, stored))
    return see_other(url_for("admin.setup"))


@bp.post("/admin/setup/publish/")
@only(Role.ADMIN)
def setup_publish() -> Response:
    """Show the first doctor to the public: from now on the clinic can be booked."""
    doctor, version = _doctor(), version_seen()
    try:
        approvals.publish(doctor, me(), version=version)
    except Busy:
        raise
    except ClinicError as refused:
        return _page(setup.progress(), refused)
    flash(f"{doctor.name} is published. Patients can book now.", "success")
    return see_other(url_for("admin.setup"))


def _doctor() -> Doctor:
    doctor = setup.first_doctor()
    if doctor is None:
        raise NotFound("There is no doctor yet. Add the first one in the set-up.")
    return doctor


def _page(progress: Progress, refused: ClinicError | None = None) -> Response:
    page = render_template(
        "admin/setup.html",
        progress=progress,
        steps=list(Step),
        ways=_addresses(progress.doctor),
        doctor=progress.doctor,
        refusal=refused.sentence if refused else None,
    )
    return make_response(page, refused.status if refused else 200)


def _addresses(doctor: Doctor | None) -> dict[Step, str]:
    """Where each step is done; those on ordinary pages lead back here."""
    back = url_for("admin.setup")
    addresses = {
        Step.CLINIC: url_for("admin.setup_clinic"),
        Step.LOCATION: url_for("admin.new_location", next=back),
        Step.SPECIALTY: url_for("admin.new_specialty", next=back),
        Step.VISIT_TYPE: url_for("admin.new_visit_type", next=back),
        Step.DOCTOR: url_for("admin.new_user", role=Role.DOCTOR.value, next=back),
        Step.OFFER: url_for("admin.setup_offer"),
    }
    if doctor is not None:
        addresses[Step.HOURS] = url_for("doctor.hours", doctor=doctor.ref, next=back)
        if doctor.approved_at is None:
            addresses[Step.DOCTOR] = url_for("admin.doctor", ref=doctor.ref)
    return addresses


def _clinic_form() -> ClinicForm:
    """The form with what is stored; nothing shows what was sent."""
    now = settings.current()
    known = {"phone": now.phone, "email": now.email, "zone": now.zone}
    name = now.name if settings.is_named() else ""
    return ClinicForm(None, name=name, **known, version=policy.version_of(now))


def _offer_form(doctor: Doctor) -> OfferForm:
    """The form with what is stored; nothing shows what was sent."""
    draft = profiles.draft_of(doctor)
    return OfferForm(
        None,
        specialties=list(draft.published.specialties),
        visit_types=list(draft.published.visits),
        languages=list(draft.published.languages),
        version=draft.version,
    )


def _clinic_page(
    form: ClinicForm, status: int = 200, theirs: list[Difference] | None = None
) -> Response:
    page = render_template("admin/setup_clinic.html", form=form, theirs=theirs)
    return make_response(page, status)


def _offer_page(
    doctor: Doctor, form: OfferForm, status: int = 200, theirs: list[Difference] | None = None
) -> Response:
    page = render_template("admin/setup_offer.html", form=form, doctor=doctor, theirs=theirs)
    return make_response(page, status)
