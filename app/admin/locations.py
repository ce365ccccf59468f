"""Locations: where the clinic sees people, in which zone, and how one gets in."""

from __future__ import annotations

from typing import Any

from flask import Response, flash, make_response, render_template, request, url_for
from flask_wtf import FlaskForm
from wtforms import HiddenField, SelectField
from wtforms.validators import StopValidation

from app import conflicts
from app.admin import bp, removed
from app.admin.asked import chosen, searched, version_seen
from app.admin.entry_forms import who_changed
from app.admin.settings_form import zone_choices
from app.clinic import policy, settings
from app.clinic.removals import Irretrievable
from app.directory import entries, locations
from app.directory.entries import InUse, NameTaken
from app.directory.locations import Place, Sort, ZoneUnconfirmed
from app.errors import ChangedMeanwhile
from app.fields import LineField, PhoneField, TextField
from app.htmx import respond, see_other
from app.inputs import a_page, back
from app.models import Location, Role
from app.scheduling import ahead
from app.security import me, only


class LocationForm(FlaskForm):
    name = LineField(
        "Name",
        longest=entries.LONGEST_NAME,
        missing="Enter what the location is called.",
        description="As patients know it, like Harbour Street.",
    )
    address = LineField(
        "Street and number",
        longest=locations.LONGEST_ADDRESS,
        missing="Enter the street and number, so that patients find the way.",
    )
    city = LineField(
        "Town", longest=locations.LONGEST_CITY, missing="Enter the town, which patients look for."
    )
    zone = SelectField(
        "Time zone",
        validate_choice=False,
        description="Its working hours are times on the wall of this zone. Type the first letters "
        "of a city to find it in the list.",
    )
    phone = PhoneField("Telephone")
    directions = TextField(
        "Getting there", description="Public transport, parking, which bell to ring."
    )
    accessibility = TextField(
        "Access",
        description="Steps, lift, width of doors, toilet, parking for people with a disability. "
        "Say what there is and what there is not.",
    )
    version = HiddenField()

    def __init__(self, *args: Any, stored_zone: str | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.zone.choices = zone_choices(stored_zone or settings.current().zone)

    def validate_zone(self, field: Any) -> None:
        if field.data not in policy.zones():
            raise StopValidation("Choose one of the time zones in the list.")

    @property
    def place(self) -> Place:
        return Place(
            name=self.name.data,
            address=self.address.data,
            city=self.city.data,
            zone=self.zone.data,
            directions=self.directions.data,
            accessibility=self.accessibility.data,
            phone=self.phone.data,
        )


@bp.get("/admin/locations/", endpoint="locations")
@only(Role.ADMIN)
def all_locations() -> Response:
    """The locations, searched, ordered and paged; the address holds it all."""
    return _list_page()


def _list_page(refused: Irretrievable | None = None) -> Response:
    search, sort = searched(), chosen(Sort, request.args.get("sort")) or Sort.NAME

    def address(**changed: Any) -> str:
        words = {"q": search or None, "sort": sort.value if sort is not Sort.NAME else None}
        return url_for("admin.locations", **(words | changed))

    return respond(
        "admin/locations.html",
        "admin/_locations.html",
        status=refused.status if refused else 200,
        refused=refused,
        removed=removed.lately("location"),
        page=locations.find(search, sort, a_page(request.args.get("page"))),
        search=search,
        sort=sort,
        address=address,
        page_address=lambda number: address(page=number),
    )


@bp.get("/admin/locations/new/")
@only(Role.ADMIN)
def new_location() -> Response:
    """Ask where it is."""
    return _new_page(LocationForm(formdata=None, zone=settings.current().zone))


@bp.post("/admin/locations/new/")
@only(Role.ADMIN)
def create_location() -> Response:
    """Keep it, and go back to where the admin came from."""
    form = LocationForm()
    if not form.validate_on_submit():
        return _new_page(form, 422)
    try:
        made = locations.create(form.place, me())
    except NameTaken as refused:
        form.name.errors = [refused.sentence]
        return _new_page(form, refused.status)
    flash(f"{made.name} is a location of this clinic now. Doctors can work there.", "success")
    return see_other(back() or url_for("admin.locations"))


@bp.get("/admin/locations/<slug>/")
@only(Role.ADMIN)
def location(slug: str) -> Response:
    """One location, to be changed or removed."""
    found = locations.of_slug(slug)
    return _page(found, _form_of(found))


@bp.post("/admin/locations/<slug>/")
@only(Role.ADMIN)
def change_location(slug: str) -> Response:
    """Keep what was changed; a new zone only when it is said that it is meant."""
    found, version = locations.of_slug(slug), version_seen()
    form = LocationForm(stored_zone=found.zone)
    if not form.validate_on_submit():
        return _page(found, form, 422)
    zone = request.form.get("zone_confirmed")
    try:
        locations.change(found, form.place, me(), version=version, zone=zone)
    except NameTaken as refused:
        form.name.errors = [refused.sentence]
        return _page(locations.of_slug(slug), form, refused.status)
    except ZoneUnconfirmed as refused:
        now = locations.of_slug(slug)
        return _page(now, form, refused.status, move=refused, ahead=ahead.at_location(now))
    except ChangedMeanwhile as refused:
        now = locations.of_slug(slug)
        stored = _form_of(now)
        form.version.data = stored.version.data
        return _page(now, form, refused.status, conflict=conflicts.of_forms(form, stored))
    flash(f"{form.name.data} is saved.", "success")
    return see_other(back() or url_for("admin.locations"))


@bp.post("/admin/locations/<slug>/remove/")
@only(Role.ADMIN)
def remove_location(slug: str) -> Response:
    """Remove it, unless somebody works there or was seen there."""
    found, version = locations.of_slug(slug), version_seen()
    try:
        number = locations.remove(found, me(), version=version)
    except (InUse, ChangedMeanwhile) as refused:
        now = locations.of_slug(slug)
        return _page(now, _form_of(now), refused.status, refusal=refused.sentence)
    return see_other(url_for("admin.locations", removed=number))


@bp.post("/admin/locations/<number>/restore/")
@only(Role.ADMIN)
def restore_location(number: str) -> Response:
    """Take a removal back."""
    return removed.brought_back(number, locations.restore, _list_page, url_for("admin.locations"))


def _form_of(stored: Location) -> LocationForm:
    return LocationForm(
        formdata=None,
        stored_zone=stored.zone,
        name=stored.name,
        address=stored.address,
        city=stored.city,
        zone=stored.zone,
        phone=stored.phone,
        directions=stored.directions,
        accessibility=stored.accessibility,
        version=str(stored.version),
    )


def _new_page(form: LocationForm, status: int = 200) -> Response:
    page = render_template("admin/location.html", form=form, location=None, next=back())
    return make_response(page, status)


def _page(found: Location, form: LocationForm, status: int = 200, **more: Any) -> Response:
    page = render_template(
        "admin/location.html",
        form=form,
        location=found,
        needed=locations.why_needed(found),
        next=back(),
        who=who_changed(found) if "conflict" in more else None,
        **more,
    )
    return make_response(page, status)
