"""A forgotten password: ask for a link, come back with it, choose a new one."""

from __future__ import annotations

from flask import Response, flash, make_response, render_template, url_for
from flask_login import current_user
from flask_wtf import FlaskForm

from app.accounts import password_reset
from app.accounts.links import LinkOver
from app.accounts.profile import SamePassword
from app.auth import bp, mailed_links
from app.auth.fields import NewPasswordField
from app.fields import AddressField
from app.htmx import see_other
from app.models import TokenPurpose, User
from app.security import limited, public, sign_out

PURPOSE = TokenPurpose.RESET_PASSWORD


class ForgotForm(FlaskForm):
    email = AddressField("E-mail address", missing="Enter your e-mail address.")


class ResetForm(FlaskForm):
    about: tuple[str, ...] = ()
    password = NewPasswordField("New password")


@bp.get("/forgot-password/")
@public
def forgot_password() -> Response:
    """Ask whose password it is."""
    return _ask(ForgotForm())


@bp.post("/forgot-password/")
@public
@limited("20 per hour")
def forgot_password_now() -> Response:
    """Mail a link, if there is an account; the answer is the same if there is none."""
    form = ForgotForm()
    if not form.validate_on_submit():
        return _ask(form, 422)
    password_reset.ask(form.email.data)
    return make_response(render_template("auth/link_sent.html", email=form.email.data))


@bp.get("/reset-password/<token>/")
@public
@limited("60 per hour")
def reset_link(token: str) -> Response:
    """Where the link in the mail leads; it changes nothing yet."""
    return mailed_links.keep(PURPOSE, token, "auth.reset_password")


@bp.get("/reset-password/")
@public
def reset_password() -> Response:
    """Ask for the new password."""
    token = mailed_links.kept(PURPOSE)
    if not token:
        return see_other(url_for("auth.forgot_password"))
    user = password_reset.account_of(token)
    return _choose(user, ResetForm()) if user else _link_over()


@bp.post("/reset-password/")
@public
@limited("30 per hour")
def reset_password_now() -> Response:
    """Set the new password; every browser has to log in again."""
    token = mailed_links.kept(PURPOSE)
    user = password_reset.account_of(token)
    if user is None:
        return _link_over()
    form = ResetForm()
    form.about = (user.name, user.email)
    if not form.validate_on_submit():
        return _choose(user, form, 422)
    return _store(token, user, form)


def _store(token: str, user: User, form: ResetForm) -> Response:
    try:
        password_reset.choose(token, form.password.data)
    except LinkOver:
        return _link_over()
    except SamePassword as refused:
        form.password.errors = [refused.sentence]
        return _choose(user, form, refused.status)
    mailed_links.drop(PURPOSE)
    if current_user.is_authenticated:
        sign_out()
    flash("Your password is changed. Log in with the new one.", "success")
    return see_other(url_for("auth.login"))


def _ask(form: ForgotForm, status: int = 200) -> Response:
    return make_response(render_template("auth/forgot_password.html", form=form), status)


def _choose(user: User, form: ResetForm, status: int = 200) -> Response:
    return make_response(render_template("auth/reset_password.html", form=form, user=user), status)


def _link_over() -> Response:
    page = render_template("auth/link_over.html", sentence=LinkOver.sentence, for_password=True)
    return make_response(page, LinkOver.status)
