"""Logging in and out."""

from __future__ import annotations

from flask import Response, flash, make_response, render_template, url_for
from flask_login import current_user
from flask_wtf import FlaskForm
from wtforms import EmailField
from wtforms.validators import InputRequired, Length

from app.accounts import addresses
from app.accounts.sign_in import TooManyTries, WrongCredentials, authenticate
from app.auth import bp
from app.auth.fields import known_password
from app.auth.landing import held_time, let_in, to_own_place, wanted_address
from app.htmx import see_other
from app.security import limited, public, sign_out


class LoginForm(FlaskForm):
    email = EmailField(
        "E-mail address",
        validators=[
            InputRequired("Enter your e-mail address."),
            Length(max=addresses.LONGEST, message="This is too long for an e-mail address."),
        ],
    )
    password = known_password("Password")


@bp.get("/login/")
@public
def login() -> Response:
    """Ask who it is."""
    if current_user.is_authenticated:
        return to_own_place()
    return _page(LoginForm())


@bp.post("/login/")
@public
@limited("40 per 10 minutes")
def login_now() -> Response:
    """Let somebody in who knows the password."""
    if current_user.is_authenticated:
        return to_own_place()
    form = LoginForm()
    if not form.validate_on_submit():
        return _page(form, 422)
    try:
        user = authenticate(form.email.data, form.password.data)
    except (WrongCredentials, TooManyTries) as refused:
        form.form_errors.append(refused.sentence)
        return _page(form, refused.status)
    return let_in(user, with_notice=True)


@bp.post("/logout/")
@public
def logout() -> Response:
    """End this browser's session and leave nothing of it behind."""
    if current_user.is_authenticated:
        sign_out()
        flash("You are logged out.", "success")
    response = see_other(url_for("auth.login"))
    response.headers["Clear-Site-Data"] = '"cache", "storage"'
    return response


def _page(form: LoginForm, status: int = 200) -> Response:
    page = render_template("auth/login.html", form=form, next=wanted_address(), held=held_time())
    return make_response(page, status)
