"""Specialties: what the clinic's doctors practise."""

from __future__ import annotations

from typing import Any

from flask import Response, flash, make_response, render_template, request, url_for
from flask_wtf import FlaskForm
from wtforms import HiddenField

from app import conflicts
from app.admin import bp, removed
from app.admin.asked import chosen, searched, version_seen
from app.admin.entry_forms import who_changed
from app.clinic.removals import Irretrievable
from app.directory import entries, specialties
from app.directory.entries import InUse, NameTaken
from app.directory.specialties import Sort
from app.errors import ChangedMeanwhile
from app.fields import LineField
from app.htmx import respond, see_other
from app.inputs import a_page, back
from app.models import Role, Specialty
from app.security import me, only


class SpecialtyForm(FlaskForm):
    name = LineField(
        "Name",
        longest=entries.LONGEST_NAME,
        missing="Enter what the specialty is called, like Cardiology.",
    )
    version = HiddenField()


@bp.get("/admin/specialties/", endpoint="specialties")
@only(Role.ADMIN)
def all_specialties() -> Response:
    """The specialties, searched, ordered and paged; the address holds it all."""
    return _list_page()


def _list_page(refused: Irretrievable | None = None) -> Response:
    search, sort = searched(), chosen(Sort, request.args.get("sort")) or Sort.NAME

    def address(**changed: Any) -> str:
        words = {"q": search or None, "sort": sort.value if sort is not Sort.NAME else None}
        return url_for("admin.specialties", **(words | changed))

    return respond(
        "admin/specialties.html",
        "admin/_specialties.html",
        status=refused.status if refused else 200,
        refused=refused,
        removed=removed.lately("specialty"),
        page=specialties.find(search, sort, a_page(request.args.get("page"))),
        search=search,
        sort=sort,
        address=address,
        page_address=lambda number: address(page=number),
    )


@bp.get("/admin/specialties/new/")
@only(Role.ADMIN)
def new_specialty() -> Response:
    """Ask for its name."""
    return _new_page(SpecialtyForm())


@bp.post("/admin/specialties/new/")
@only(Role.ADMIN)
def create_specialty() -> Response:
    """Keep it, and go back to where the admin came from."""
    form = SpecialtyForm()
    if not form.validate_on_submit():
        return _new_page(form, 422)
    try:
        made = specialties.create(form.name.data, me())
    except NameTaken as refused:
        form.name.errors = [refused.sentence]
        return _new_page(form, refused.status)
    flash(f"{made.name} is a specialty of this clinic now. Doctors can choose it.", "success")
    return see_other(back() or url_for("admin.specialties"))


@bp.get("/admin/specialties/<slug>/")
@only(Role.ADMIN)
def specialty(slug: str) -> Response:
    """One specialty, to be renamed or removed."""
    found = specialties.of_slug(slug)
    return _page(found, _form_of(found))


@bp.post("/admin/specialties/<slug>/")
@only(Role.ADMIN)
def rename_specialty(slug: str) -> Response:
    """Keep its new name."""
    found, form, version = specialties.of_slug(slug), SpecialtyForm(), version_seen()
    if not form.validate_on_submit():
        return _page(found, form, 422)
    try:
        specialties.rename(found, form.name.data, me(), version=version)
    except NameTaken as refused:
        form.name.errors = [refused.sentence]
        return _page(specialties.of_slug(slug), form, refused.status)
    except ChangedMeanwhile as refused:
        stored = _form_of(specialties.of_slug(slug))
        form.version.data = stored.version.data
        rows = conflicts.of_forms(form, stored)
        return _page(specialties.of_slug(slug), form, refused.status, conflict=rows)
    flash(f"The specialty is called {form.name.data} now.", "success")
    return see_other(back() or url_for("admin.specialties"))


@bp.post("/admin/specialties/<slug>/remove/")
@only(Role.ADMIN)
def remove_specialty(slug: str) -> Response:
    """Remove it, unless a doctor practises it."""
    found, version = specialties.of_slug(slug), version_seen()
    try:
        number = specialties.remove(found, me(), version=version)
    except (InUse, ChangedMeanwhile) as refused:
        now = specialties.of_slug(slug)
        return _page(now, _form_of(now), refused.status, refusal=refused.sentence)
    return see_other(url_for("admin.specialties", removed=number))


@bp.post("/admin/specialties/<number>/restore/")
@only(Role.ADMIN)
def restore_specialty(number: str) -> Response:
    """Take a removal back."""
    return removed.brought_back(
        number, specialties.restore, _list_page, url_for("admin.specialties")
    )


def _form_of(stored: Specialty) -> SpecialtyForm:
    return SpecialtyForm(formdata=None, name=stored.name, version=str(stored.version))


def _new_page(form: SpecialtyForm, status: int = 200) -> Response:
    page = render_template("admin/specialty.html", form=form, specialty=None, next=back())
    return make_response(page, status)


def _page(found: Specialty, form: SpecialtyForm, status: int = 200, **more: Any) -> Response:
    page = render_template(
        "admin/specialty.html",
        form=form,
        specialty=found,
        doctors=specialties.practised_by(found),
        next=back(),
        who=who_changed(found) if "conflict" in more else None,
        **more,
    )
    return make_response(page, status)
