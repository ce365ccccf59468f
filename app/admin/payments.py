"""The money: payments found and summed, one payment with its refunds, and the file of them."""

from __future__ import annotations

import csv
import io
import secrets
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

from flask import Response, current_app, flash, g, request, stream_with_context, url_for
from flask_wtf import FlaskForm
from wtforms import StringField, TextAreaField

from app.accounts import finding
from app.admin import bp
from app.admin.asked import chosen, searched
from app.billing import ledger, refunds, takings
from app.billing.takings import Asked, Troubles, Wanted
from app.checkout import reconciled
from app.clinic import history
from app.errors import Busy, ClinicError, NotFound
from app.formats import amount
from app.htmx import respond, see_other
from app.inputs import a_day, a_number, a_page, a_price
from app.models import Payment, RefundCause, RefundState, Role
from app.scheduling import openings
from app.security import me, only

ASKED_FOR = ("q", "state", "doctor", "cause", "from", "to")
LARGEST = 9_999_999_999
LONGEST_KEY = 64
FORMULAS = ("=", "+", "-", "@", "\t", "\r")
LINES_AT_ONCE = 200
COLUMNS = (
    "Reference", "Begun", "Paid", "State", "Patient", "Doctor", "Visit", "Visit type", "Currency",
    "Asked for", "Charged", "Refunded", "Disputed", "Fee", "Net", "Session", "Payment intent",
    "Problem",
)  # fmt: skip
DASHBOARD = "https://dashboard.stripe.com/"
NO_AMOUNT = "Enter an amount like 45.00."
NO_REASON = "Write a reason; the patient reads it."
TOO_LONG = f"Use at most {refunds.LONGEST_REASON} characters."


class RefundForm(FlaskForm):
    amount = StringField("Amount")
    reason = TextAreaField("Reason")


def troubles_now() -> Troubles:
    """What of the money needs an admin, asked once for the page that is being made."""
    if "payment_troubles" not in g:
        g.payment_troubles = takings.troubles()
    found: Troubles = g.payment_troubles
    return found


@bp.get("/admin/payments/")
@only(Role.ADMIN)
def payments() -> Response:
    """The payments of a period, narrowed, summed and paged; the address holds it all."""
    desk = openings.desk()
    wanted = _wanted()
    names = {facts.id: facts.name for facts in desk.catalogue.doctors}
    return respond(
        "admin/payments.html",
        "admin/_payments.html",
        page=takings.find(wanted, a_page(request.args.get("page"))),
        wanted=wanted,
        sums=takings.sums(wanted) if wanted.is_summed else None,
        doctors=desk.catalogue.doctors,
        doctor=request.args.get("doctor"),
        names=names,
        causes=RefundCause,
        sum_of=takings.sum_of,
        troubles=troubles_now(),
        last=reconciled.last(),
        address=_address,
        page_address=lambda number: _address(page=number),
    )


@bp.get("/admin/payments.csv")
@only(Role.ADMIN)
def payments_file() -> Response:
    """The same payments, all of them, as a file for a spreadsheet."""
    wanted = _wanted()
    lines = _lines(takings.every(wanted), wanted)
    response = Response(stream_with_context(_bites(lines)), content_type="text/csv; charset=utf-8")
    name = f"payments-{wanted.first_day}-{wanted.last_day}.csv"
    response.headers.set("Content-Disposition", "attachment", filename=name)
    return response


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
    except Busy:
        raise
    except refunds.NotRefundable as refused:
        form.amount.errors = [refused.sentence]
        return _page(ref, form, 422)
    except ClinicError as refused:
        return _page(ref, form, refused.status, refused)
    flash("The refund is on its way to Stripe.", "success")
    return see_other(url_for("admin.payment", ref=ref))


@bp.post("/admin/payments/<ref>/refunds/<number>/retry/")
@only(Role.ADMIN)
def retry_refund(ref: str, number: str) -> Response:
    """Try a refund that has failed once more."""
    which = a_number(number, 1, LARGEST)
    if which is None:
        raise NotFound("We could not find that refund.")
    try:
        refunds.retry(ref, which, me())
    except Busy:
        raise
    except ClinicError as refused:
        return _page(ref, RefundForm(formdata=None), refused.status, refused)
    flash("The refund is tried once more.", "success")
    return see_other(url_for("admin.payment", ref=ref))


def _page(
    ref: str, form: RefundForm, status: int = 200, refused: ClinicError | None = None
) -> Response:
    if refused is not None and refused.status == NotFound.status:
        raise refused
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
        sum=takings.sum_of(found),
        events=history.of("payment", found.id)[::-1],
        retried=_made_up_for(found),
        form=form,
        key=request.form.get("key", "")[:LONGEST_KEY] if status == 422 else secrets.token_hex(16),
        refusal=refused.sentence if refused else None,
        at_stripe=_at_stripe(found.intent_id),
    )


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


def _wanted() -> Wanted:
    desk = openings.desk()
    zone, search = desk.settings.zoneinfo, searched()
    first, last = takings.period(
        a_day(request.args.get("from")),
        a_day(request.args.get("to")),
        desk.at.astimezone(zone).date(),
    )
    ref = request.args.get("doctor")
    known = desk.catalogue.doctor(ref) if ref else None
    return Wanted(
        zone=zone,
        first_day=first,
        last_day=last,
        search=search,
        user_ids=finding.ids_matching(search) if search else (),
        asked=chosen(Asked, request.args.get("state")),
        cause=chosen(RefundCause, request.args.get("cause")),
        doctor_id=known.id if known else None,
    )


def _address(**changed: Any) -> str:
    """This page with some of what was asked for changed; what is empty is left out."""
    endpoint = changed.pop("endpoint", "admin.payments")
    asked: dict[str, Any] = {name: request.args.get(name) or None for name in ASKED_FOR}
    return url_for(endpoint, **(asked | changed))


def _lines(found: Iterable[Payment], wanted: Wanted) -> Iterator[list[str]]:
    yield list(COLUMNS)
    for one in found:
        visit, total = one.appointment, takings.sum_of(one)
        patient = visit.patient.name if visit.patient else ""
        sums = (total.charged, total.refunded, total.disputed, total.fee, total.net)
        yield [
            *map(_harmless, (one.ref, _instant(one.started_at, wanted))),
            _harmless(_instant(one.settled_at, wanted)),
            *map(_harmless, (one.state.value, patient, visit.doctor.name)),
            *map(_harmless, (_instant(visit.starts_at, wanted), visit.visit_type.name)),
            _harmless(one.currency),
            *(amount(cents, one.currency) for cents in (one.cents, *sums)),
            *map(_harmless, (one.session_id or "", one.intent_id or "", one.problem)),
        ]


def _instant(at: datetime | None, wanted: Wanted) -> str:
    return at.astimezone(wanted.zone).strftime("%Y-%m-%d %H:%M") if at else ""


def _harmless(text: str) -> str:
    """Text that no spreadsheet takes for a formula."""
    return f"'{text}" if text.startswith(FORMULAS) else text


def _bites(lines: Iterable[list[str]]) -> Iterator[str]:
    """The file, a few hundred lines at a time; the mark at its head tells Excel of UTF-8."""
    bite = io.StringIO()
    writer = csv.writer(bite)
    bite.write("\ufeff")
    for number, line in enumerate(lines, 1):
        writer.writerow(line)
        if number % LINES_AT_ONCE == 0:
            yield bite.getvalue()
            bite.seek(0)
            bite.truncate()
    yield bite.getvalue()
