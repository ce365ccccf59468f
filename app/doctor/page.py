"""My page: what the public reads of a doctor. What a doctor saves waits for an admin; what an admin
saves is published."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from flask import Response, current_app, flash, make_response, render_template, request
from flask_login import current_user
from werkzeug.exceptions import RequestEntityTooLarge

from app.directory import portraits, preview, profile, profiles
from app.directory.profile import Profile
from app.directory.profiles import Draft
from app.doctor import bp
from app.doctor.page_form import PageForm, page_form
from app.doctor.whose import address_of, chosen_doctor, doctor_at_hand
from app.error_pages import http_error
from app.errors import ChangedMeanwhile, ClinicError
from app.htmx import see_other
from app.inputs import takes_many
from app.models import Doctor, Role
from app.scheduling import openings, soonest
from app.security import limited, me, only

GONE = "The picture is no longer here. Choose it once more."
TOO_BIG = (
    "This picture is far too big: at most 2 MB. What you typed could not be read with it; the Back "
    "button of your browser may still have it."
)
LARGEST_FORM = 20 * 1024 * 1024  # with a picture straight from a camera
WITH_PICTURE = {"doctor.page_now", "doctor.page_preview_now"}


@bp.url_value_preprocessor
def admit_pictures(endpoint: str | None, _: object) -> None:
    """Read the form also with a picture that is too big, so that only the picture is refused. It is
    decided before anything reads the body. Files go to the disk; other forms stay short."""
    has_files = request.mimetype == "multipart/form-data"
    if endpoint in WITH_PICTURE and has_files and _is_staff():
        request.max_content_length = LARGEST_FORM


@bp.get("/my-page/", endpoint="page")
@only(Role.DOCTOR, Role.ADMIN)
def my_page() -> Response:
    """The page as the doctor wishes it, to be changed; admins choose whose."""
    doctor = doctor_at_hand()
    draft = profiles.draft_of(doctor)
    return _page(draft, _form_of(draft))


@bp.post("/my-page/")
@only(Role.DOCTOR, Role.ADMIN)
@takes_many("languages", "specialties")
@limited("60 per hour")
def page_now() -> Response:
    """Keep what was changed, or publish it when an admin did."""
    doctor = doctor_at_hand()
    form, wanted = _sent(doctor)
    if wanted is None:
        return _page(profiles.draft_of(doctor), form, 422)
    try:
        is_published = profiles.save(doctor, wanted, me(), version=form.version.data or "")
    except ChangedMeanwhile as refused:
        draft = profiles.draft_of(doctor)
        form.version.data = draft.version
        return _page(draft, form, refused.status, theirs=preview.differences(wanted, _base(draft)))
    except profiles.Unfindable as refused:
        form.specialties.errors = [refused.sentence]
        return _page(profiles.draft_of(doctor), form, 422)
    _say_what_happened(is_published)
    return see_other(address_of(doctor, "doctor.page"))


@bp.post("/my-page/withdraw/")
@only(Role.DOCTOR, Role.ADMIN)
def withdraw_page() -> Response:
    """Forget what waits, and begin again from what is published."""
    doctor = doctor_at_hand()
    try:
        profiles.withdraw(doctor, me(), version=request.form.get("version", ""))
    except ChangedMeanwhile as refused:
        draft = profiles.draft_of(doctor)
        return _page(draft, _form_of(draft), refused.status, refusal=refused.sentence)
    flash("Your changes are withdrawn. The page stays as it is.", "success")
    return see_other(address_of(doctor, "doctor.page"))


@bp.get("/my-page/preview/")
@only(Role.DOCTOR, Role.ADMIN)
def page_preview() -> Response:
    """The public page exactly as it will look once it is let through."""
    doctor = doctor_at_hand()
    draft = profiles.draft_of(doctor)
    return _preview(doctor, draft.wanted, has_changes=bool(draft.asked))


@bp.post("/my-page/preview/")
@only(Role.DOCTOR, Role.ADMIN)
@takes_many("languages", "specialties")
@limited("240 per hour")
def page_preview_now() -> Response:
    """The same for what is typed, with nothing saved; and the way back to the form as it was."""
    doctor = doctor_at_hand()
    form, wanted = _sent(doctor)
    if "again" in request.form:
        return _page(profiles.draft_of(doctor), form)
    if wanted is None:
        return _page(profiles.draft_of(doctor), form, 422)
    return _preview(doctor, wanted, form=form)


@bp.errorhandler(RequestEntityTooLarge)
def too_big(error: RequestEntityTooLarge) -> Response:
    """Say it beside the picture: only that can have made the form of the page so large. What else
    was typed cannot be read any more."""
    doctor = None
    if request.endpoint in WITH_PICTURE and _is_staff():
        with suppress(ClinicError):  # nothing catches what an error's page raises
            doctor = chosen_doctor()
    if doctor is None:
        return http_error(error)
    draft = profiles.draft_of(doctor)
    form = _form_of(draft)
    form.portrait.errors = [TOO_BIG]
    return _page(draft, form, 422)


def _base(draft: Draft) -> profile.Profile:
    """What the form starts from: an admin edits what is published."""
    return draft.published if me().role is Role.ADMIN else draft.wanted


def _form_of(draft: Draft) -> PageForm:
    shown = _base(draft)
    form = page_form(profile.offered(), profile.specialties(), shown, shown.title)
    form.version.data = draft.version
    return form


def _sent(doctor: Doctor) -> tuple[PageForm, Profile | None]:
    """The form that was sent, and what it says if it is valid."""
    form = page_form(profile.offered(), profile.specialties(), None, doctor.title)
    is_valid = form.validate()
    portrait = _chosen_portrait(form)
    return form, form.profile(portrait) if is_valid and not form.portrait.errors else None


def _is_staff() -> bool:
    return current_user.is_authenticated and me().role in {Role.DOCTOR, Role.ADMIN}


def _chosen_portrait(form: PageForm) -> str | None:
    """The picture that the form means. One that was just sent is kept even if the rest of the form
    must be put right, because a browser does not send it twice by itself."""
    folder = Path(current_app.instance_path) / portraits.FOLDER
    if form.portrait.data:
        try:
            form.kept.data = portraits.store(folder, form.portrait.data.stream)
        except ClinicError as refused:
            form.portrait.errors = [refused.sentence]
        else:
            form.remove.data = False
    elif form.kept.data and not portraits.is_kept(folder, form.kept.data):
        form.kept.data = ""
        if not form.remove.data:
            form.portrait.errors = [GONE]
    return None if form.remove.data else form.kept.data or None


def _say_what_happened(is_published: bool) -> None:
    if not is_published:
        flash("Saved. An admin looks at it before patients see it.", "success")
    elif me().role is Role.ADMIN:
        flash("Saved and published.", "success")
    else:
        flash("Nothing differs from what patients see, so nothing waits.", "info")


def _preview(doctor: Doctor, wanted: Profile, **context: object) -> Response:
    desk = openings.desk()
    facts = preview.facts_of(desk.catalogue, doctor, wanted)
    page = render_template(
        "doctor/page_preview.html",
        desk=desk,
        doctor=facts,
        visits=soonest.of_each_visit_type(desk, facts),
        paragraphs=[line for line in facts.about.splitlines() if line.strip()],
        is_own=me().role is Role.DOCTOR,
        address=lambda endpoint: address_of(doctor, endpoint),
        **context,
    )
    return make_response(page)


def _page(draft: Draft, form: PageForm, status: int = 200, **context: object) -> Response:
    doctor = draft.doctor
    page = render_template(
        "doctor/page.html",
        doctor=doctor,
        draft=draft,
        form=form,
        kinds=form.kinds,
        is_own=me().role is Role.DOCTOR,
        answer=profiles.last_answer(doctor),
        address=lambda endpoint: address_of(doctor, endpoint),
        **context,
    )
    return make_response(page, status)
