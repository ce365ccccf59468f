"""Showing that an e-mail address is one's own: the mailed link, its button, another link."""

from __future__ import annotations

from flask import Response, flash, make_response, render_template, url_for
from flask_login import current_user
from flask_wtf import FlaskForm

from app.accounts import confirmation
from app.accounts.confirmation import AddressInUse, Outcome, Proof
from app.accounts.links import LinkOver
from app.auth import bp, mailed_links
from app.auth.fields import known_password
from app.formats import long_time
from app.htmx import see_other
from app.models import TokenPurpose
from app.security import limited, me, public, sign_out, signed_in

PURPOSE = TokenPurpose.CONFIRM_EMAIL


class ConfirmForm(FlaskForm):
    """Asked for where the browser is not signed in to the account that the link is for."""

    password = known_password("The password you chose for this account")


@bp.get("/confirm-email/<token>/")
@public
@limited("60 per hour")
def confirm_link(token: str) -> Response:
    """Where the link in the mail leads; it changes nothing yet."""
    return mailed_links.keep(PURPOSE, token, "auth.confirm_email")


@bp.get("/confirm-email/")
@public
def confirm_email() -> Response:
    """Say what the link would do, and ask."""
    token = mailed_links.kept(PURPOSE)
    if not token:
        return see_other(url_for("auth.profile"))  # it says how things stand, and mails a link
    proof = confirmation.proof_of(token)
    if proof is None:
        return _link_over()
    return _page(proof, ConfirmForm())


@bp.post("/confirm-email/")
@public
@limited("30 per hour")
def confirm_email_now() -> Response:
    """Use the link."""
    token = mailed_links.kept(PURPOSE)
    proof = confirmation.proof_of(token)
    form = ConfirmForm()
    if proof is not None and _must_ask(proof):
        if not form.validate_on_submit():
            return _page(proof, form, 422)
        if not confirmation.knows_password(proof, form.password.data):
            form.password.errors = ["This is not the password of this account."]
            return _page(proof, form, 422)
    try:
        outcome = confirmation.confirm(token)
    except LinkOver:
        return _link_over()
    except AddressInUse as refused:
        mailed_links.drop(PURPOSE)
        return _link_over(refused.sentence, refused.status)
    mailed_links.drop(PURPOSE)
    if outcome.owner is not None:
        return _log_in_to_the_other(outcome)
    flash(f"Thank you. {outcome.user.email} is confirmed.", "success")
    is_here = current_user.is_authenticated and me().id == outcome.user.id
    return see_other(url_for("auth.profile" if is_here else "auth.login"))


@bp.post("/confirm-email/resend/")
@signed_in
@limited("10 per hour")
def resend() -> Response:
    """Mail another link."""
    if me().is_confirmed:
        flash("Your e-mail address is confirmed already.", "info")
    elif confirmation.send(me()):
        flash(f"We have sent a new link to {me().email}.", "success")
    else:
        flash(
            "We have sent you several links already. Look among your unwanted mail too, "
            "or try again in a quarter of an hour.",
            "warning",
        )
    return see_other(url_for("auth.profile"))


def _must_ask(proof: Proof) -> bool:
    """Whether the link would make an address the own of an account that nobody here has entered."""
    is_here = current_user.is_authenticated and me().id == proof.user.id
    return proof.owner is None and not is_here


def _page(proof: Proof, form: ConfirmForm, status: int = 200) -> Response:
    page = render_template(
        "auth/confirm_email.html", proof=proof, form=form, must_ask=_must_ask(proof)
    )
    return make_response(page, status)


def _log_in_to_the_other(outcome: Outcome) -> Response:
    if current_user.is_authenticated and me().id == outcome.user.id:
        sign_out()
    moved = outcome.handed_over
    count = len(moved.taken) if moved else 0
    visits = {0: "", 1: " Your visit is in it now."}.get(count, f" Your {count} visits are in it.")
    flash(
        f"You have an account with {outcome.user.email} already.{visits} Log in to it.", "success"
    )
    for visit in moved.left if moved else ():
        flash(
            f"{long_time(visit.starts_at, visit.zone)} with {visit.doctor.name} meets another of "
            "your visits and was left out. Please call the clinic about it.",
            "warning",
        )
    return see_other(url_for("auth.login"))


def _link_over(sentence: str = LinkOver.sentence, status: int = LinkOver.status) -> Response:
    is_waiting = current_user.is_authenticated and not me().is_confirmed
    page = render_template("auth/link_over.html", sentence=sentence, may_resend=is_waiting)
    return make_response(page, status)
