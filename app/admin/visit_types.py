"""Visit types: what can be booked, how long it takes, what it costs and who may book it."""

from __future__ import annotations

from typing import Any

from flask import Response, abort, flash, make_response, render_template, request, url_for

from app import conflicts
from app.admin import bp, removed
from app.admin.asked import chosen, searched, version_seen
from app.admin.entry_forms import who_changed
from app.admin.visit_type_form import VisitTypeForm, form_of
from app.clinic import settings
from app.clinic.removals import Irretrievable
from app.directory import visit_types
from app.directory.entries import InUse, NameTaken
from app.directory.visit_types import Sort, State
from app.errors import ChangedMeanwhile
from app.htmx import respond, see_other
from app.inputs import a_page, back, takes_many
from app.messaging.choices import leads_in_words
from app.models import Role, VisitType
from app.scheduling import ahead
from app.security import me, only


@bp.get("/admin/visit-types/", endpoint="visit_types")
@only(Role.ADMIN)
def all_visit_types() -> Response:
    """The visit types, searched, narrowed, ordered and paged; the address holds it all."""
    return _list_page()


def _list_page(refused: Irretrievable | None = None) -> Response:
    search, sort = searched(), chosen(Sort, request.args.get("sort")) or Sort.NAME
    state = chosen(State, request.args.get("state"))

    def address(**changed: Any) -> str:
        words = {
            "q": search or None,
            "state": state.value if state else None,
            "sort": sort.value if sort is not Sort.NAME else None,
        }
        return url_for("admin.visit_types", **(words | changed))

    return respond(
        "admin/visit_types.html",
        "admin/_visit_types.html",
        status=refused.status if refused else 200,
        refused=refused,
        removed=removed.lately("visit_type"),
        page=visit_types.find(search, state, sort, a_page(request.args.get("page"))),
        search=search,
        state=state,
        states=State,
        sort=sort,
        address=address,
        page_address=lambda number: address(page=number),
    )


@bp.get("/admin/visit-types/new/")
@only(Role.ADMIN)
def new_visit_type() -> Response:
    """Ask what it is."""
    return _new_page(VisitTypeForm(formdata=None))


@bp.post("/admin/visit-types/new/")
@only(Role.ADMIN)
@takes_many("reminder_hours")
def create_visit_type() -> Response:
    """Keep it, and go back to where the admin came from."""
    form = VisitTypeForm()
    if not form.validate_on_submit():
        return _new_page(form, 422)
    try:
        made = visit_types.create(form.terms, me())
    except NameTaken as refused:
        form.name.errors = [refused.sentence]
        return _new_page(form, refused.status)
    flash(f"{made.name} is a visit type of this clinic now. Doctors can offer it.", "success")
    return see_other(back() or url_for("admin.visit_types"))


@bp.get("/admin/visit-types/<ref>/")
@only(Role.ADMIN)
def visit_type(ref: str) -> Response:
    """One visit type, to be changed, made inactive or removed."""
    found = visit_types.of_ref(ref)
    return _page(found, form_of(found))


@bp.post("/admin/visit-types/<ref>/")
@only(Role.ADMIN)
@takes_many("reminder_hours")
def change_visit_type(ref: str) -> Response:
    """Keep what was changed; what is booked stays as it was agreed."""
    found, version = visit_types.of_ref(ref), version_seen()
    form = VisitTypeForm(stored_currency=found.currency)
    if not form.validate_on_submit():
        return _page(found, form, 422)
    try:
        visit_types.change(found, form.terms, me(), version=version)
    except NameTaken as refused:
        form.name.errors = [refused.sentence]
        return _page(visit_types.of_ref(ref), form, refused.status)
    except ChangedMeanwhile as refused:
        now = visit_types.of_ref(ref)
        stored = form_of(now)
        form.version.data = stored.version.data
        return _page(now, form, refused.status, conflict=conflicts.of_forms(form, stored))
    flash(f"{form.name.data} is saved, and holds for what is booked from now on.", "success")
    return see_other(back() or url_for("admin.visit_types"))


@bp.post("/admin/visit-types/<ref>/active/")
@only(Role.ADMIN)
def change_visit_type_active(ref: str) -> Response:
    """Let it be booked, or not any more."""
    found, version = visit_types.of_ref(ref), version_seen()
    is_active = {"yes": True, "no": False}.get(request.form.get("active", ""))
    if is_active is None:
        abort(400)
    try:
        visit_types.set_active(found, is_active, me(), version=version)
    except ChangedMeanwhile as refused:
        now = visit_types.of_ref(ref)
        return _page(now, form_of(now), refused.status, refusal=refused.sentence)
    done = "can be booked again" if is_active else "can no longer be booked; what is booked stays"
    flash(f"{found.name} {done}.", "success")
    return see_other(url_for("admin.visit_type", ref=ref))


@bp.post("/admin/visit-types/<ref>/remove/")
@only(Role.ADMIN)
def remove_visit_type(ref: str) -> Response:
    """Remove it, if it was never used."""
    found, version = visit_types.of_ref(ref), version_seen()
    try:
        number = visit_types.remove(found, me(), version=version)
    except (InUse, ChangedMeanwhile) as refused:
        now = visit_types.of_ref(ref)
        return _page(now, form_of(now), refused.status, refusal=refused.sentence)
    return see_other(url_for("admin.visit_types", removed=number))


@bp.post("/admin/visit-types/<number>/restore/")
@only(Role.ADMIN)
def restore_visit_type(number: str) -> Response:
    """Take a removal back."""
    return removed.brought_back(
        number, visit_types.restore, _list_page, url_for("admin.visit_types")
    )


def _new_page(form: VisitTypeForm, status: int = 200) -> Response:
    page = render_template(
        "admin/visit_type.html",
        form=form,
        visit_type=None,
        clinics_own=_clinics_own(),
        next=back(),
    )
    return make_response(page, status)


def _page(found: VisitType, form: VisitTypeForm, status: int = 200, **more: Any) -> Response:
    page = render_template(
        "admin/visit_type.html",
        form=form,
        visit_type=found,
        ahead=ahead.of_visit_type(found),
        offered=visit_types.offered_by(found),
        needed=visit_types.why_needed(found),
        clinics_own=_clinics_own(),
        next=back(),
        who=who_changed(found) if "conflict" in more else None,
        **more,
    )
    return make_response(page, status)


def _clinics_own() -> str:
    return leads_in_words(settings.current().reminder_hours)
