"""One's own account: name, telephone, zone, password."""

from __future__ import annotations

from flask import Response, flash, make_response, render_template, url_for
from flask_wtf import FlaskForm
from wtforms import HiddenField, SelectChoice, SelectField

from app.accounts import profile
from app.accounts.profile import SamePassword, WrongPassword
from app.accounts.sign_in import TooManyTries
from app.auth import bp
from app.auth.fields import NewPasswordField, known_password
from app.errors import ChangedMeanwhile
from app.fields import NameField, PhoneField
from app.htmx import see_other
from app.inputs import a_number
from app.security import limited, me, sign_in, signed_in

LARGEST_VERSION = 1_000_000
USUAL_ZONE = SelectChoice("", "The clinic’s time zone")


class ProfileForm(FlaskForm):
    name = NameField("Name")
    phone = PhoneField("Telephone")
    zone = SelectField("Time zone")
    version = HiddenField()


class PasswordForm(FlaskForm):
    about: tuple[str, ...] = ()
    current = known_password("Present password")
    password = NewPasswordField("New password")


@bp.get("/profile/", endpoint="profile")
@signed_in
def profile_page() -> Response:
    """What we know of the person, to be put right."""
    user = me()
    phone = user.patient.phone if user.patient else None
    return _profile(
        _profile_form(name=user.name, phone=phone or "", zone=user.zone or "", version=user.version)
    )


@bp.post("/profile/")
@signed_in
@limited("60 per hour")
def profile_now() -> Response:
    """Keep what was changed."""
    form = _profile_form()
    version = a_number(form.version.data, 1, LARGEST_VERSION)
    if not form.validate_on_submit() or version is None:
        return _profile(form, 422)
    try:
        profile.update(
            me(),
            name=form.name.data,
            phone=form.phone.data or "",
            zone=form.zone.data or None,
            version=version,
        )
    except ChangedMeanwhile as refused:
        form.form_errors.append(refused.sentence)
        form.version.data = str(me().version)
        return _profile(form, refused.status)
    flash("Your profile is saved.", "success")
    return see_other(url_for("auth.profile"))


@bp.get("/profile/password/")
@signed_in
def password() -> Response:
    """Ask for the present and the new password."""
    return _password(PasswordForm())


@bp.post("/profile/password/")
@signed_in
@limited("20 per hour")
def password_now() -> Response:
    """Change the password: every other browser is logged out, this one gets a new session."""
    user = me()
    form = PasswordForm()
    form.about = (user.name, user.email)
    if not form.validate_on_submit():
        return _password(form, 422)
    try:
        profile.change_password(user, form.current.data, form.password.data)
    except (WrongPassword, TooManyTries) as refused:
        form.current.errors = [refused.sentence]
        return _password(form, refused.status)
    except SamePassword as refused:
        form.password.errors = [refused.sentence]
        return _password(form, refused.status)
    sign_in(user)
    flash("Your password is changed. Your other devices are logged out.", "success")
    return see_other(url_for("auth.profile"))


def _profile_form(**values: object) -> ProfileForm:
    form = ProfileForm(**values)
    form.zone.choices = [USUAL_ZONE, *map(_zone, profile.zones())]
    return form


def _zone(key: str) -> SelectChoice:
    region, _, place = key.partition("/")
    return SelectChoice(key, place.replace("_", " "), optgroup=region)


def _profile(form: ProfileForm, status: int = 200) -> Response:
    return make_response(render_template("auth/profile.html", form=form, user=me()), status)


def _password(form: PasswordForm, status: int = 200) -> Response:
    return make_response(render_template("auth/password.html", form=form), status)
