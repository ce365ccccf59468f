"""An invitation: come with its link, choose a password, and be in."""

from __future__ import annotations

from flask import Response, flash, make_response, render_template, url_for
from flask_login import current_user
from flask_wtf import FlaskForm

from app.accounts import invitations
from app.accounts.confirmation import AddressInUse
from app.accounts.links import LinkOver
from app.auth import bp, mailed_links
from app.auth.fields import NewPasswordField
from app.auth.landing import let_in
from app.htmx import see_other
from app.models import TokenPurpose, User
from app.security import limited, public, sign_out

PURPOSE = TokenPurpose.INVITATION


class InvitedForm(FlaskForm):
    about: tuple[str, ...] = ()
    password = NewPasswordField("Password")


@bp.get("/invitation/<token>/")
@public
@limited("60 per hour")
def invitation_link(token: str) -> Response:
    """Where the link in the mail leads; it changes nothing yet."""
    return mailed_links.keep(PURPOSE, token, "auth.invitation")


@bp.get("/invitation/")
@public
def invitation() -> Response:
    """Greet whoever is invited and ask for a password."""
    token = mailed_links.kept(PURPOSE)
    if not token:
        return see_other(url_for("auth.login"))
    user = invitations.invited_by(token)
    return _choose(user, InvitedForm()) if user else _over(LinkOver())


@bp.post("/invitation/")
@public
@limited("30 per hour")
def invitation_now() -> Response:
    """Keep the password, and let them in."""
    token = mailed_links.kept(PURPOSE)
    user = invitations.invited_by(token)
    if user is None:
        return _over(LinkOver())
    form = InvitedForm()
    form.about = (user.name, user.email)
    if not form.validate_on_submit():
        return _choose(user, form, 422)
    try:
        user = invitations.accept(token, form.password.data)
    except (LinkOver, AddressInUse) as refused:
        return _over(refused)
    mailed_links.drop(PURPOSE)
    if current_user.is_authenticated:
        sign_out()
    response = let_in(user)
    flash(f"Welcome, {user.name}. Your password is set and your address is confirmed.", "success")
    return response


def _choose(user: User, form: InvitedForm, status: int = 200) -> Response:
    return make_response(render_template("auth/invitation.html", form=form, user=user), status)


def _over(refused: LinkOver | AddressInUse) -> Response:
    page = render_template("auth/invitation_over.html", refused=refused)
    return make_response(page, refused.status)
