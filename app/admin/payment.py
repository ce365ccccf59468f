"""One payment: what happened to it, and giving its money back."""

from __future__ import annotations

import secrets

from flask import Response, current_app, flash, request, url_for
from flask_wtf import FlaskForm
from wtforms import StringField, TextAreaField

from app.admin import bp
from app.billing import ledger, receipts, refunds, story, sums, takings
from app.errors import ChangedMeanwhile, NotFound
from app.formats import amount
from app.htmx import respond, see_other
from app.inputs import a_number, a_price
from app.models import Payment, RefundState, Role
from app.security import me, only

LARGEST = 9_999_999_999
LONGEST_KEY = 64
DASHBOARD = "https://dashboard.stripe.com/"
NO_AMOUNT = "Enter an amount like 45.00."
NO_REASON = "Write a reason; the patient reads it."
NO_WAY = "Write how it was settled."
TOO_LONG = f"Use at most {refunds.LONGEST_REASON} characters."


class RefundForm(FlaskForm):
    amount = StringField("Amount")
    reason = TextAreaField("Reason")


@bp.get("/admin/payments/<ref>/")
@only(Role.ADMIN)
def payment(ref: str) -> Response:
    """One payment."""
    return _page(ref, RefundForm(formdata=None))


@bp.post("/admin/payments/<ref>/refund/")
@only(Role.ADMIN)
def refund_payment(ref: str) -> Response:
    """Give some or all of it back."""
    found, form = takings.payment_of(ref), RefundForm()
    cents = a_price(form.amount.data, found.currency)
    reason = (form.reason.data or "").strip()
    if not cents:
        form.amount.errors = [NO_AMOUNT]
    if not reason or len(reason) > refunds.LONGEST_REASON:
        form.reason.errors = [TOO_LONG if reason else NO_REASON]
    if cents is None or form.amount.errors or form.reason.errors:
        return _page(ref, form, 422)
    seen = a_number(request.form.get("seen"), 0, LARGEST)
    key = request.form.get("key", "")[:LONGEST_KEY]
    try:
        refunds.by_staff(ref, cents, reason, me(), seen=-1 if seen is None else seen, form_key=key)
    except ChangedMeanwhile as refused:
        return _page(ref, form, refused.status)
    except refunds.NotRefundable as refused:
        form.amount.errors = [refused.sentence]
        return _page(ref, form, 422)
    flash("The refund is on its way to Stripe.", "success")
    return see_other(url_for("admin.payment", ref=ref))


@bp.post("/admin/payments/<ref>/refunds/<number>/retry/")
@only(Role.ADMIN)
def retry_refund(ref: str, number: str) -> Response:
    """Try a refund that has failed once more."""
    try:
        refunds.retry(ref, _numbered(number), me())
    except refunds.NotRefundable as refused:
        return _page(ref, RefundForm(formdata=None), refused.status, refused.sentence)
    flash("The refund is tried once more.", "success")
    return see_other(url_for("admin.payment", ref=ref))


@bp.post("/admin/payments/<ref>/refunds/<number>/aside/")
@only(Role.ADMIN)
def set_refund_aside(ref: str, number: str) -> Response:
    """Say that a refund which has failed was settled otherwise."""
    which, reason = _numbered(number), request.form.get("reason", "").strip()
    if not reason or len(reason) > refunds.LONGEST_REASON:
        said = {which: (reason, TOO_LONG if reason else NO_WAY)}
        return _page(ref, RefundForm(formdata=None), 422, aside=said)
    try:
        refunds.set_aside(ref, which, reason, me())
    except refunds.NotRefundable as refused:
        return _page(ref, RefundForm(formdata=None), refused.status, refused.sentence)
    flash("The refund is set aside.", "success")
    return see_other(url_for("admin.payment", ref=ref))


def _numbered(number: str) -> int:
    which = a_number(number, 1, LARGEST)
    if which is None:
        raise NotFound("We could not find that refund.")
    return which


def _page(
    ref: str,
    form: RefundForm,
    status: int = 200,
    refusal: str = "",
    aside: dict[int, tuple[str, str]] | None = None,
) -> Response:
    found = takings.payment_of(ref)
    left = ledger.money_of([found]).left
    if form.amount.data is None and left:
        form.amount.data = amount(left, found.currency)
    return respond(
        "admin/payment.html",
        "admin/payment.html",
        status=status,
        payment=found,
        visit=found.appointment,
        left=left,
        receipt=receipts.numbers_of([found]).get(found.ref),
        sum=sums.of_one(found),
        story=story.of(found),
        retried=_made_up_for(found),
        form=form,
        key=request.form.get("key", "")[:LONGEST_KEY] if status == 422 else secrets.token_hex(16),
        refusal=refusal,
        aside=aside or {},
        met=_met(found, form, left) if status == ChangedMeanwhile.status and not refusal else None,
        at_stripe=_at_stripe(found.intent_id),
    )


def _met(payment: Payment, form: RefundForm, left: int) -> list[dict[str, str]]:
    """What somebody else has given back, beside what was typed."""
    last = payment.refunds[-1]
    return [
        {
            "label": "Amount",
            "theirs": f"{amount(last.cents, payment.currency)} {payment.currency}, "
            f"so that {amount(left, payment.currency)} are left",
            "yours": form.amount.data or "",
        },
        {"label": "Reason", "theirs": last.reason, "yours": form.reason.data or ""},
    ]


def _made_up_for(payment: Payment) -> set[int]:
    """The failed refunds after which another one was made that has not failed."""
    good = [one.id for one in payment.refunds if one.state is not RefundState.FAILED]
    return {one.id for one in payment.refunds if any(later > one.id for later in good)}


def _at_stripe(intent_id: str | None) -> str | None:
    """Where Stripe shows a payment; a sandbox has no such place."""
    config = current_app.config["DOCKET"]
    if not intent_id or config.stripe_address or not config.stripe_key:
        return None
    is_test = "_test_" in config.stripe_key
    return f"{DASHBOARD}{'test/' if is_test else ''}payments/{intent_id}"
