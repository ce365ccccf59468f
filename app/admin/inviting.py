"""New accounts for others: who it is, as what, and an invitation by mail."""

from __future__ import annotations

from typing import Any

from flask import Response, flash, make_response, render_template, request, url_for
from flask_wtf import FlaskForm
from wtforms import RadioField, SelectChoice, SelectField
from wtforms.validators import StopValidation

from app.accounts import invitations, names
from app.accounts.addresses import NotAnAddress
from app.accounts.invitations import AddressTaken, Newcomer
from app.accounts.registration import Practice
from app.admin import bp
from app.fields import AddressField, LineField, NameField
from app.htmx import see_other
from app.inputs import back
from app.models import Role
from app.security import me, only

ROLES = ((Role.DOCTOR, "Doctor"), (Role.PATIENT, "Patient"), (Role.ADMIN, "Admin"))


class NewUserForm(FlaskForm):
    name = NameField("Name", of_another=True)
    email = AddressField("E-mail address", missing=NotAnAddress.sentence)
    role = RadioField("Role", choices=[SelectChoice(role.value, word) for role, word in ROLES])
    title = SelectField(
        "Title",
        choices=[*(SelectChoice(one) for one in names.TITLES), SelectChoice("", "No title")],
        validate_choice=False,
    )
    licence_number = LineField("Licence number", longest=names.LONGEST_LICENCE)

    def validate_title(self, field: Any) -> None:
        if self.is_doctor and field.data not in {*names.TITLES, ""}:
            raise StopValidation("Choose one of the titles in the list.")

    def validate_licence_number(self, field: Any) -> None:
        if self.is_doctor and (complaint := names.complaint_about_licence(field.data)):
            raise StopValidation(complaint)

    @property
    def is_doctor(self) -> bool:
        return bool(self.role.data == Role.DOCTOR.value)

    @property
    def newcomer(self) -> Newcomer:
        practice = Practice(self.title.data, self.licence_number.data, (), ())
        given = practice if self.is_doctor else None
        return Newcomer(self.name.data, self.email.data, Role(self.role.data), given)


@bp.get("/admin/users/new/")
@only(Role.ADMIN)
def new_user() -> Response:
    """Ask who it is."""
    role = request.args.get("role")
    return _page(NewUserForm(role=role if role in set(Role) else None))


@bp.post("/admin/users/new/")
@only(Role.ADMIN)
def create_user() -> Response:
    """Make the account, invite its owner, and go back to where the admin came from."""
    form = NewUserForm()
    if not form.validate_on_submit():
        return _page(form, 422)
    try:
        user = invitations.create(form.newcomer, me())
    except AddressTaken as refused:
        form.email.errors = [refused.sentence]
        return _page(form, refused.status)
    done = f"{user.name} has an account now. We have mailed an invitation to {user.email}."
    flash(done, "success")
    return see_other(back() or url_for("admin.user", ref=user.ref))


def _page(form: NewUserForm, status: int = 200) -> Response:
    return make_response(render_template("admin/user_new.html", form=form, next=back()), status)
