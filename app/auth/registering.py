"""Making an account: patients in a few fields, doctors with what an admin needs to know."""

from __future__ import annotations

from flask import Response, flash, make_response, render_template
from flask_login import current_user
from flask_wtf import FlaskForm
from wtforms import SelectChoice, SelectField, StringField
from wtforms.validators import InputRequired, ValidationError

from app.accounts import registration
from app.accounts.names import TITLES, complaint_about_licence, tidy
from app.accounts.registration import Person, Practice
from app.auth import bp
from app.auth.fields import NewPasswordField
from app.auth.landing import held_time, let_in, to_own_place, wanted_address
from app.fields import LANGUAGES_BY_NAME, AddressField, NameField, PhoneField, TicksField
from app.inputs import takes_many
from app.security import limited, public


class RegisterForm(FlaskForm):
    name = NameField("Name")
    email = AddressField("E-mail address", missing="Enter your e-mail address.")
    password = NewPasswordField("Password")

    @property
    def person(self) -> Person:
        return Person(self.name.data, self.email.data, self.password.data)


class PatientForm(RegisterForm):
    phone = PhoneField("Telephone")


def _looks_like_a_licence(_: FlaskForm, field: StringField) -> None:
    if complaint := complaint_about_licence(field.data or ""):
        raise ValidationError(complaint)


class DoctorForm(RegisterForm):
    title = SelectField(
        "Title", choices=[*(SelectChoice(one) for one in TITLES), SelectChoice("", "No title")]
    )
    licence_number = StringField(
        "Licence number",
        filters=[lambda typed: tidy(typed or "")],
        validators=[
            InputRequired("Enter the number of your licence to practise."),
            _looks_like_a_licence,
        ],
    )
    specialties = TicksField("Specialties", validate_choice=True)
    languages = TicksField("Languages you see patients in", choices=LANGUAGES_BY_NAME)

    def validate_languages(self, field: TicksField) -> None:
        if not field.data:
            raise ValidationError("Tick at least one language.")

    def validate_specialties(self, field: TicksField) -> None:
        if field.choices and not field.data:
            raise ValidationError("Tick at least one specialty.")

    @property
    def practice(self) -> Practice:
        return Practice(
            self.title.data, self.licence_number.data, self.specialties.data, self.languages.data
        )


@bp.get("/register/")
@public
def register() -> Response:
    """Ask a patient for what an account needs."""
    return to_own_place() if current_user.is_authenticated else _patient_page(PatientForm())


@bp.post("/register/")
@public
@limited("20 per hour")
def register_now() -> Response:
    """Make a patient's account and let them in; the address is confirmed by mail later."""
    if current_user.is_authenticated:
        return to_own_place()
    form = PatientForm()
    if not form.validate_on_submit():
        return _patient_page(form, 422)
    user = registration.register_patient(form.person, form.phone.data)
    response = let_in(user)
    flash(
        f"Welcome, {user.name}. Please confirm your e-mail address with the link that we have sent "
        f"to {user.email}.",
        "success",
    )
    return response


@bp.get("/register/doctor/")
@public
def register_doctor() -> Response:
    """Ask a doctor for what an account and its approval need."""
    return to_own_place() if current_user.is_authenticated else _doctor_page(_doctor_form())


@bp.post("/register/doctor/")
@public
@limited("20 per hour")
@takes_many("specialties", "languages")
def register_doctor_now() -> Response:
    """Make a doctor's account, which an admin approves before anybody can find it."""
    if current_user.is_authenticated:
        return to_own_place()
    form = _doctor_form()
    if not form.validate_on_submit():
        return _doctor_page(form, 422)
    return let_in(registration.register_doctor(form.person, form.practice))


def _doctor_form() -> DoctorForm:
    form = DoctorForm()
    form.specialties.choices = [
        SelectChoice(known.slug, known.name) for known in registration.specialties_offered()
    ]
    return form


def _patient_page(form: PatientForm, status: int = 200) -> Response:
    page = render_template("auth/register.html", form=form, next=wanted_address(), held=held_time())
    return make_response(page, status)


def _doctor_page(form: DoctorForm, status: int = 200) -> Response:
    return make_response(render_template("auth/register_doctor.html", form=form), status)
