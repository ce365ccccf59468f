"""The e-mail address of a patient who had none: added by whoever was told it."""

from __future__ import annotations

from flask import Response, flash, make_response, render_template, url_for
from flask_wtf import FlaskForm

from app.accounts import invitations
from app.accounts.addresses import NotAnAddress
from app.accounts.invitations import AddressTaken, HasAddress
from app.doctor import bp
from app.fields import AddressField
from app.htmx import see_other
from app.inputs import back
from app.models import Patient, Role
from app.scheduling import desk_patients
from app.security import me, only


class AddressForm(FlaskForm):
    email = AddressField("E-mail address", missing=NotAnAddress.sentence)


@bp.get("/board/patient/<ref>/e-mail/")
@only(Role.DOCTOR, Role.ADMIN)
def patient_address(ref: str) -> Response:
    """Ask for the address."""
    return _page(_without_address(ref), AddressForm())


@bp.post("/board/patient/<ref>/e-mail/")
@only(Role.DOCTOR, Role.ADMIN)
def patient_address_now(ref: str) -> Response:
    """Keep it, invite its owner, and go back to where it was missed."""
    patient, form = _without_address(ref), AddressForm()
    if not form.validate_on_submit():
        return _page(patient, form, 422)
    try:
        invitations.add_address(patient.user, form.email.data, me())
    except AddressTaken as refused:
        form.email.errors = [refused.sentence]
        return _page(patient, form, refused.status)
    flash(f"Thank you. We have mailed an invitation to {form.email.data}.", "success")
    return see_other(back() or _desk(patient))


def _without_address(ref: str) -> Patient:
    """A patient within reach. Raises NotFound, HasAddress."""
    patient = desk_patients.one(me(), ref)
    if patient.user.email:
        raise HasAddress
    return patient


def _desk(patient: Patient) -> str:
    return url_for("doctor.book", patient=patient.user.ref)


def _page(patient: Patient, form: AddressForm, status: int = 200) -> Response:
    page = render_template(
        "doctor/patient_address.html",
        patient=patient,
        form=form,
        next=back(),
        back=back() or _desk(patient),
    )
    return make_response(page, status)
