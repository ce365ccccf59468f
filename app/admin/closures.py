"""Closures: when a location is closed, and what becomes of the appointments that this hits."""

from __future__ import annotations

from typing import Any

from flask import Response, abort, flash, make_response, render_template, request, url_for

from app import conflicts
from app.admin import bp, removed
from app.admin.asked import chosen
from app.admin.closure_form import EVERYWHERE, ClosureForm, form_of
from app.admin.entry_forms import who_changed
from app.clinic.removals import Irretrievable
from app.directory import locations
from app.errors import ChangedMeanwhile, NotFound
from app.htmx import respond, see_other
from app.inputs import a_number, a_page, back
from app.models import Closure, Location, Role
from app.scheduling import closures
from app.scheduling.closures import Over, When
from app.scheduling.hits import Answer, Choice, Hit, Unanswered
from app.scheduling.wishes import Faulty
from app.security import me, only

LARGEST_NUMBER = 999_999_999


@bp.get("/admin/closures/", endpoint="closures")
@only(Role.ADMIN)
def all_closures() -> Response:
    """The closures ahead or past, of a location or of all; the address holds it all."""
    return _list_page()


def _list_page(status: int = 200, **more: Any) -> Response:
    when = chosen(When, request.args.get("when")) or When.UPCOMING
    places = locations.all_of_them()
    place = next((one for one in places if one.slug == request.args.get("location")), None)

    def address(**changed: Any) -> str:
        words = {
            "when": when.value if when is not When.UPCOMING else None,
            "location": place.slug if place else None,
        }
        return url_for("admin.closures", **(words | changed))

    return respond(
        "admin/closures.html",
        "admin/_closures.html",
        status=status,
        removed=removed.lately("closure"),
        page=closures.find(when, place, a_page(request.args.get("page"))),
        when=when,
        whens=When,
        places=places,
        place=place,
        address=address,
        page_address=lambda number: address(page=number),
        **more,
    )


@bp.get("/admin/closures/new/")
@only(Role.ADMIN)
def new_closure() -> Response:
    """Ask where and when."""
    return _page(ClosureForm(locations.all_of_them(), formdata=None))


@bp.post("/admin/closures/new/")
@only(Role.ADMIN)
def create_closure() -> Response:
    """Close, once it is said what becomes of the appointments that this hits."""
    places, answer = locations.all_of_them(), Answer.of(request.form)
    form = ClosureForm(places)
    if not form.validate_on_submit():
        return _page(form, 422)
    wanted = [one for one in places if form.location.data in {EVERYWHERE, one.slug}]
    try:
        hit = closures.add(wanted, form.times, form.reason.data, me(), answer=answer)
    except Faulty as refused:
        form.refuse(refused)
        return _page(form, refused.status)
    except Unanswered as refused:
        return _page(form, refused.status, asked=refused, answer=answer)
    flash(f"{_named(wanted)} will be closed. {_done(hit, answer)}".strip(), "success")
    return see_other(back() or url_for("admin.closures"))


@bp.get("/admin/closures/<number>/")
@only(Role.ADMIN)
def closure(number: str) -> Response:
    """One closure, to be changed or deleted."""
    found = _found(number)
    return _page(form_of(found), closure=found)


@bp.post("/admin/closures/<number>/")
@only(Role.ADMIN)
def change_closure(number: str) -> Response:
    """Keep what was changed, once it is said what becomes of the appointments that this hits."""
    found, answer = _found(number), Answer.of(request.form)
    form = ClosureForm([found.location])
    if not form.validate_on_submit():
        return _page(form, 422, closure=found)
    version = form.version.data or abort(400)
    times, reason = form.times, form.reason.data
    try:
        hit = closures.change(found, times, reason, me(), version=version, answer=answer)
    except Faulty as refused:
        form.refuse(refused)
        return _page(form, refused.status, closure=_found(number))
    except Unanswered as refused:
        now = _found(number)
        return _page(form, refused.status, closure=now, asked=refused, answer=answer)
    except Over as refused:
        return _over(number, refused)
    except ChangedMeanwhile as refused:
        now = _found(number)
        stored = form_of(now)
        form.version.data = stored.version.data
        rows = conflicts.of_forms(form, stored)
        return _page(form, refused.status, closure=now, conflict=rows)
    flash(f"The closure is saved. {_done(hit, answer)}".strip(), "success")
    return see_other(back() or url_for("admin.closures"))


@bp.post("/admin/closures/<number>/remove/")
@only(Role.ADMIN)
def remove_closure(number: str) -> Response:
    """Open again."""
    found = _found(number)
    try:
        removal = closures.remove(found, me(), version=request.form.get("version") or abort(400))
    except (Over, ChangedMeanwhile) as refused:
        return _over(number, refused)
    return see_other(url_for("admin.closures", removed=removal))


@bp.post("/admin/closures/<number>/restore/")
@only(Role.ADMIN)
def restore_closure(number: str) -> Response:
    """Take a removal back, once it is said what becomes of the appointments that this hits."""
    answer = Answer.of(request.form)
    try:
        hit = closures.restore(removed.number_of(number), me(), answer=answer)
    except Irretrievable as refused:
        return _list_page(refused.status, refused=refused)
    except Unanswered as refused:
        return _list_page(refused.status, asked=refused, answer=answer)
    flash(f"The closure is back. {_done(hit, answer)}".strip(), "success")
    return see_other(url_for("admin.closures"))


def _over(number: str, refused: Over | ChangedMeanwhile) -> Response:
    now = _found(number)
    return _page(form_of(now), refused.status, closure=now, refusal=refused.sentence)


def _found(number: str) -> Closure:
    known = a_number(number, 1, LARGEST_NUMBER)
    if known is None:
        raise NotFound("We could not find that closure.")
    return closures.of_number(known)


def _named(places: list[Location]) -> str:
    return places[0].name if len(places) == 1 else "All locations"


def _done(hit: tuple[Hit, ...], answer: Answer) -> str:
    """What became of the appointments, in a sentence for each choice that was made."""
    chosen_ones = [answer.about(one) for one in hit]
    cancelled, kept = chosen_ones.count(Choice.CANCEL), chosen_ones.count(Choice.KEEP)
    said = []
    if cancelled == 1:
        said.append("One appointment is cancelled, and its patient is told.")
    elif cancelled:
        said.append(f"{cancelled} appointments are cancelled, and their patients are told.")
    if kept == 1:
        said.append("One appointment stands all the same.")
    elif kept:
        said.append(f"{kept} appointments stand all the same.")
    return " ".join(said)


def _page(form: ClosureForm, status: int = 200, **more: Any) -> Response:
    found: Closure | None = more.get("closure")
    page = render_template(
        "admin/closure.html",
        form=form,
        times=closures.times_of(found) if found else None,
        is_over=found is not None and closures.is_over(found),
        next=back(),
        who=who_changed(found) if found and "conflict" in more else None,
        **{"closure": None, **more},
    )
    return make_response(page, status)
