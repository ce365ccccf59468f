"""From a held time to the page on which one pays, and back."""

from __future__ import annotations

from dataclasses import dataclass

from flask import Response, current_app, flash, make_response, render_template, request, url_for

from app import clock
from app.billing import receipts
from app.checkout import settling, starting
from app.checkout.gateway import GatewayDown
from app.clock import tick_of
from app.errors import ClinicError
from app.htmx import respond, see_other, tag_of, tagged, unchanged
from app.inputs import own_path
from app.models import Appointment, Patient, Payment, PaymentState, Role
from app.models import AppointmentStatus as Status
from app.payments import bp
from app.payments.pace import PACE
from app.payments.till import till
from app.scheduling import holds, nearby, openings
from app.scheduling.openings import Opening
from app.security import holder, limited, my_patient, only, quiet

UNSETTLED = {PaymentState.OPEN, PaymentState.PROCESSING}


@dataclass(frozen=True, slots=True)
class Outcome:
    """What has become of a payment and its visit, and what to offer where the time is gone."""

    payment: Payment
    visit: Appointment
    is_unsure: bool
    nearest: list[Opening]

    @property
    def is_booked(self) -> bool:
        return self.visit.status not in {Status.HELD, Status.EXPIRED, Status.CANCELLED}

    @property
    def is_held(self) -> bool:
        """Whether the time is still the patient's."""
        until = self.visit.hold_expires_at
        return self.visit.status is Status.HELD and until is not None and until > clock.now()

    @property
    def is_waiting(self) -> bool:
        """Whether something may still change by itself."""
        return self.is_unsure or self.payment.state in UNSETTLED


@bp.post("/pay/")
@only(Role.PATIENT)
@limited("30 per 10 minutes")
def pay() -> Response:
    """Keep the time and lead to the page on which it is paid; what was typed stays with it."""
    ref, reason = request.form.get("ref", ""), request.form.get("reason", "")
    back = own_path(request.form.get("back")) or url_for("patient.book")
    if len(reason) > holds.LONGEST_REASON:
        flash(f"Use at most {holds.LONGEST_REASON} characters for what it is about.", "warning")
        return see_other(back)
    try:
        return see_other(starting.start(till(), holder(), my_patient(), ref, reason))
    except ClinicError as refused:
        holds.note(holder(), ref, reason)
        flash(refused.sentence, "warning")
        return see_other(back)


@bp.get("/payment-success/")
@only(Role.PATIENT)
@limited("120 per minute")
def success() -> Response:
    """What Stripe says of the payment now, and what stands of the visit."""
    return _outcome_page(_outcome(_payment()))


@bp.get("/payment-success/status/")
@only(Role.PATIENT)
@quiet
def success_status() -> Response:
    """The same, asked again until nothing can change any more."""
    outcome = _outcome(_payment())
    tag = tag_of(outcome.payment.state, outcome.visit.status, outcome.is_unsure, outcome.is_held)
    return unchanged(tag) or tagged(_outcome_page(outcome), tag)


@bp.get("/payment-cancelled/<ref>/")
@only(Role.PATIENT)
def cancelled(ref: str) -> Response:
    """Back from the page without having paid: to the held time."""
    payment = settling.payment_of(my_patient(), ref)
    visit = payment.appointment
    if visit.status is not Status.HELD:
        return see_other(url_for("payments.success", session_id=payment.session_id))
    return see_other(
        url_for(
            "patient.book",
            doctor=visit.doctor.ref,
            visit_type=visit.visit_type.ref,
            day=visit.starts_at.astimezone(visit.zone).date(),
            opening=tick_of(visit.starts_at),
        )
    )


def _payment() -> Payment:
    """The signed-in patient's payment that the address names. Raises NotFound."""
    return settling.payment_of(my_patient(), session_id=request.args.get("session_id", ""))


def _outcome(payment: Payment) -> Outcome:
    ref = payment.ref
    if PACE.is_due(ref):
        _ask(payment)
    fresh = settling.payment_of(my_patient(), ref)
    is_unsure = PACE.is_silent(ref) and fresh.state in UNSETTLED
    return Outcome(fresh, fresh.appointment, is_unsure, _nearest(my_patient(), fresh.appointment))


def _ask(payment: Payment) -> None:
    """Write down what the gateway says of a payment now, if it answers."""
    ref, answered = payment.ref, True
    try:
        settling.settle(till().gateway, payment)
    except GatewayDown:
        answered = False
    except ClinicError as fault:
        current_app.logger.warning("A payment could not be looked at: %s", fault.sentence)
    PACE.heard(ref, answered=answered)


def _nearest(patient: Patient, visit: Appointment) -> list[Opening]:
    """The nearest openings, where the time of a visit is gone."""
    desk = openings.desk()
    terms = desk.terms_of(visit)
    if visit.status not in {Status.EXPIRED, Status.CANCELLED} or terms is None:
        return []
    doctor, visit_type = terms
    return nearby.nearest(desk, [doctor], visit_type, tick_of(visit.starts_at))


def _outcome_page(outcome: Outcome) -> Response:
    return respond("payments/outcome.html", "payments/_outcome.html", outcome=outcome)


@bp.get("/payments/")
@only(Role.PATIENT)
def mine() -> Response:
    """All that the patient has paid, and what has come back."""
    found = settling.payments_of(my_patient())
    numbers = receipts.numbers_of(found)
    return make_response(render_template("payments/mine.html", payments=found, receipts=numbers))
