"""Somebody new at the desk: an account without a password, and an invitation to choose one."""

from __future__ import annotations

from typing import Any

from flask import Response, flash, make_response, render_template, request
from flask_wtf import FlaskForm
from wtforms.validators import StopValidation

from app.accounts import invitations, names
from app.accounts.invitations import AddressTaken, Newcomer, Unreachable
from app.doctor import bp
from app.doctor.desk import Choices
from app.fields import AddressField, NameField, PhoneField
from app.htmx import see_other
from app.models import Role
from app.security import me, only


class NewPatientForm(FlaskForm):
    name = NameField("Name", of_another=True)
    email = AddressField("E-mail address")
    phone = PhoneField("Telephone")

    def validate_phone(self, field: Any) -> None:
        if not field.data and not self.email.data:
            raise StopValidation(Unreachable.sentence)

    @property
    def newcomer(self) -> Newcomer:
        return Newcomer(self.name.data, self.email.data, Role.PATIENT, phone=self.phone.data)


@bp.get("/board/book/new-patient/")
@only(Role.DOCTOR, Role.ADMIN)
def new_patient() -> Response:
    """Ask who it is; what was searched for in vain need not be typed again."""
    searched = request.args.get("q", "")[: names.LONGEST_NAME].strip()
    field = "email" if "@" in searched else "name"
    form = NewPatientForm(formdata=None, **{field: searched})
    return _page(Choices.of(request.args), form)


@bp.post("/board/book/new-patient/")
@only(Role.DOCTOR, Role.ADMIN)
def new_patient_now() -> Response:
    """Make the account, invite its owner where there is an address, and go on to the time."""
    choices, form = Choices.of(request.args), NewPatientForm()
    if not form.validate_on_submit():
        return _page(choices, form, 422)
    try:
        user = invitations.create(form.newcomer, me())
    except AddressTaken as refused:
        form.email.errors = [refused.sentence]
        return _page(choices, form, refused.status, taken=form.email.data)
    told = f" We have mailed an invitation to {user.email}." if user.email else ""
    flash(f"{user.name} is a patient now.{told}", "success")
    return see_other(choices.address(patient=user.ref, email=user.email or None))


def _page(
    choices: Choices, form: NewPatientForm, status: int = 200, taken: str | None = None
) -> Response:
    page = render_template("doctor/book_new.html", choices=choices, form=form, taken=taken)
    return make_response(page, status)
