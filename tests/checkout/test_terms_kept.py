"""What the clinic keeps of a visit that its patient cancels late, or to which nobody comes."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from sqlalchemy import func, select

from app import clock
from app.billing import ledger, refunds
from app.checkout import refunding
from app.extensions import db
from app.models import (
    Appointment,
    AppointmentStatus,
    LedgerEntry,
    LedgerKind,
    Payment,
    PaymentStatus,
    Refund,
    RefundCause,
    Setting,
    User,
)
from app.scheduling import changes, no_shows, visits
from app.scheduling.moves import Actor
from app.scheduling.visits import Step
from app.worker import TIDYING
from tests.checkout.conftest import PRICE, Desk, doctor
from tests.conftest import FrozenClock
from tests.races.racing import race


def paid(desk: Desk, **terms: int) -> Appointment:
    """A visit of tomorrow that is paid, booked under these terms."""
    for name, value in terms.items():
        db.session.add(Setting(name=name, value=value))
    db.session.commit()
    payment = desk.begin()
    desk.card(payment)
    desk.settle(payment)
    return desk.the(payment.appointment)


def missed(visit: Appointment) -> None:
    """The doctor marks it a no-show when its time is over."""
    with clock.frozen(visit.ends_at):
        visits.take(visit, Step.NO_SHOW, Actor.of(doctor().user), version=visit.version)


def day_after(visit: Appointment) -> datetime:
    """The first moment of the local day after the visit's."""
    local = visit.ends_at.astimezone(visit.zone)
    return (local + timedelta(days=1)).replace(hour=0, minute=0, second=0)


def wanted() -> list[tuple[int, str]]:
    db.session.rollback()
    rows = db.session.execute(select(Refund.cents, Refund.cause).order_by(Refund.id))
    return [(cents, cause.value) for cents, cause in rows]


def test_who_cancels_late_gets_a_part_back(desk: Desk) -> None:
    visit = paid(desk, late_fee_percent=30, free_until_hours=100, cancel_cutoff_hours=0)
    assert visit.patient is not None
    patient = Actor.of(visit.patient.user)
    changes.cancel(visit, patient, "Ill", version=visit.version)
    desk.work()
    visit = desk.the(visit)
    assert visit.status is AppointmentStatus.CANCELLED
    assert visit.payment_status is PaymentStatus.PART_REFUNDED
    entries = select(LedgerEntry.cents).where(LedgerEntry.kind == LedgerKind.REFUND)
    assert db.session.scalars(entries).all() == [-3150]
    assert ledger.money_of(ledger.payments_of(visit)).left == 1350


def test_what_staff_gave_back_before_does_not_come_back_twice(desk: Desk) -> None:
    visit = paid(desk, late_fee_percent=30, free_until_hours=100, cancel_cutoff_hours=0)
    payments = ledger.payments_of(visit)
    admin = User(name="Ada Admin", email="admin@clinic.example", role="admin", password_hash="x")
    db.session.add(admin)
    db.session.commit()
    refunds.by_staff(payments[0].ref, 1000, "Sorry", admin, seen=0, form_key="one")
    visit = desk.the(visit)
    assert visit.patient is not None
    changes.cancel(visit, Actor.of(visit.patient.user), "Ill", version=visit.version)
    assert wanted() == [(1000, "by_staff"), (2150, "cancelled")]


def test_of_a_no_show_the_terms_give_back_once_its_day_is_over(desk: Desk) -> None:
    visit = paid(desk, no_show_fee_percent=80)
    missed(visit)
    with clock.frozen(day_after(visit) - timedelta(seconds=1)):
        assert no_shows.settle_up() == 0
    assert wanted() == []
    with clock.frozen(day_after(visit)):
        assert no_shows.settle_up() == 1
        assert no_shows.settle_up() == 0
        assert wanted() == [(PRICE // 5, "no_show")]
        refunding.send_due(desk.gateway)
    with clock.frozen(day_after(visit) + timedelta(days=2)):
        assert no_shows.settle_up() == 0
    assert desk.the(visit).payment_status is PaymentStatus.PART_REFUNDED


def test_two_workers_want_the_money_of_a_no_show_back_once(racing_desk: Desk) -> None:
    visit = paid(racing_desk, no_show_fee_percent=50)
    missed(visit)
    with clock.frozen(day_after(visit)):
        (number,) = no_shows._over(clock.now())
    at = day_after(visit)

    def settle_up() -> int:
        with clock.frozen(at):
            return no_shows._settle_up(number)

    answers = race(racing_desk.app, [settle_up] * 4)
    assert sorted(map(int, answers)) == [0, 0, 0, PRICE // 2]
    assert wanted() == [(PRICE // 2, "no_show")]


def test_a_no_show_that_is_taken_back_the_same_day_leaves_the_money(desk: Desk) -> None:
    visit = paid(desk)
    missed(visit)
    visit = desk.the(visit)
    with clock.frozen(visit.ends_at + timedelta(minutes=5)):
        visits.undo(visit, Actor.of(doctor().user), version=visit.version)
    with clock.frozen(day_after(visit) + timedelta(hours=1)):
        assert no_shows.settle_up() == 0
    assert desk.the(visit).payment_status is PaymentStatus.PAID
    assert wanted() == []


@pytest.mark.parametrize("percent", [100, 0])
def test_of_a_no_show_everything_or_nothing_may_be_kept(desk: Desk, percent: int) -> None:
    visit = paid(desk, no_show_fee_percent=percent)
    missed(visit)
    with clock.frozen(day_after(visit)):
        no_shows.settle_up()
    assert wanted() == ([] if percent else [(PRICE, "no_show")])


def test_where_nothing_was_paid_nothing_goes_back(desk: Desk) -> None:
    visit = paid(desk)
    refunds_before = select(func.count()).select_from(Refund)
    payment = db.session.scalars(select(Payment)).one()
    refunds.in_full(payment, RefundCause.BY_STAFF)
    ledger.refresh(visit, ledger.payments_of(visit))
    db.session.commit()
    refunding.send_due(desk.gateway)
    missed(desk.the(visit))
    with clock.frozen(day_after(visit)):
        assert no_shows.settle_up() == 0
    assert db.session.scalar(refunds_before) == 1


def test_the_worker_does_so_by_itself() -> None:
    assert no_shows.settle_up in TIDYING


def test_a_visit_that_moves_keeps_its_price_and_its_money(
    desk: Desk, frozen_clock: FrozenClock
) -> None:
    visit = paid(desk)
    assert visit.patient is not None
    kind = visit.visit_type
    kind.price_cents = 9900
    db.session.commit()
    later = clock.tick_of(visit.starts_at + timedelta(hours=2))
    changes.move(visit, Actor.of(doctor().user), later, version=visit.version)
    visit = desk.the(visit)
    assert clock.tick_of(visit.starts_at) == later
    assert (visit.price_cents, visit.payment_status) == (PRICE, PaymentStatus.PAID)
    assert [one.cents for one in ledger.payments_of(visit)] == [PRICE]
    assert wanted() == []


def test_a_lost_dispute_is_money_that_went_back(desk: Desk) -> None:
    visit = paid(desk)
    (payment,) = ledger.payments_of(visit)
    at = clock.now()
    ledger.enter(payment, LedgerKind.DISPUTE, -PRICE, "dp_1", at)
    assert ledger.status_of(PRICE, [payment]) is PaymentStatus.DISPUTED
    ledger.enter(payment, LedgerKind.DISPUTE_LOST, 0, "dp_1", at)
    assert ledger.status_of(PRICE, [payment]) is PaymentStatus.REFUNDED
    assert ledger.money_of([payment]).left == 0
    db.session.rollback()


def test_what_is_of_another_currency_is_not_counted(desk: Desk) -> None:
    visit = paid(desk)
    (payment,) = ledger.payments_of(visit)
    ledger.enter(payment, LedgerKind.CHARGE, 999, "ch_other", clock.now(), "USD")
    assert [e.currency for e in payment.entries if e.stripe_id == "ch_other"] == ["USD"]
    assert ledger.money_of([payment]).paid == PRICE
    db.session.rollback()
