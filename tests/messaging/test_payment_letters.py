"""What is written about money: which step leaves which letter, once, and what the letters say."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from email.message import EmailMessage

import pytest
from flask import Flask
from sqlalchemy import select, update

from app import clock
from app.billing import refunds
from app.checkout import events, starting
from app.checkout.facts import Dispute
from app.clinic import settings
from app.extensions import db
from app.messaging.delivery import into_folder
from app.messaging.worker import run_once
from app.models import (
    Appointment,
    MessageState,
    OutboxMessage,
    Payment,
    Refund,
    RefundState,
    Role,
    User,
)
from app.scheduling import changes, holds
from app.scheduling.holders import Holder
from app.scheduling.moves import Actor
from tests.builders import a_user
from tests.checkout.conftest import PRICE, Desk, desk_of
from tests.conftest import FrozenClock
from tests.messaging.conftest import BASE_URL, Letters, outbox, text_of

CONFIRMED = "patient: appointment_confirmed"


@pytest.fixture
def desk(app: Flask, frozen_clock: FrozenClock) -> Iterator[Desk]:
    with desk_of(app) as made, app.app_context():
        a_user(Role.ADMIN, "Ana Sousa")
        a_user(Role.ADMIN, "Gone Admin", is_active=False)
        yield made


def paid(desk: Desk) -> Payment:
    payment = desk.begin()
    desk.card(payment)
    desk.settle(payment)
    return desk.payment(payment.appointment)


def refused_by_bank(desk: Desk) -> Payment:
    payment = desk.begin()
    desk.bank(payment)
    desk.settle(payment)
    desk.bank_says(payment, succeeds=False)
    desk.hear_all()
    return desk.payment(payment.appointment)


def never_paid(desk: Desk) -> Payment:
    payment = desk.begin()
    desk.time_is_over(payment)
    desk.work()
    return payment


def too_late(desk: Desk) -> Payment:
    payment = desk.begin(name="Early Bird")
    given_up(payment)
    desk.hold(name="Somebody Else")
    desk.card(payment)
    desk.hear_all()
    desk.work()
    return desk.payment(payment.appointment)


def given_up(payment: Payment) -> None:
    """The hold is let go while its page to pay is open."""
    db.session.rollback()
    with db.engine.begin() as connection:
        connection.execution_options(docket_writes=True)
        past = payment.started_at.replace(year=2020)
        connection.execute(update(Appointment).values(hold_expires_at=past))
    db.session.rollback()
    holds.sweep()


def given_back(desk: Desk) -> Payment:
    payment = paid(desk)
    refunds.by_staff(payment.ref, 1000, "You waited long", admin(), seen=0, form_key="a key")
    desk.work()
    return payment


def cancelled(desk: Desk) -> Payment:
    payment = paid(desk)
    visit = desk.the(payment.appointment)
    assert visit.patient is not None
    changes.cancel(visit, Actor.of(visit.patient.user), "", version=visit.version)
    with db.engine.begin() as connection:  # it can no longer be taken back
        connection.execution_options(docket_writes=True)
        connection.execute(update(Refund).values(next_try_at=clock.now().replace(year=2020)))
    db.session.rollback()
    desk.work()
    return payment


def refund_fails(desk: Desk) -> Payment:
    payment = given_back(desk)
    thing = desk.sandbox.store.all("refund")[0]
    desk.sandbox.ledger.fail_refund(thing, desk.sandbox.now())
    for _ in range(2):
        desk.hear_all()
    return payment


def disputed(desk: Desk) -> Payment:
    payment = paid(desk)
    intent, at = payment.intent_id or "", clock.now()
    told = Dispute("dp_1", intent, PRICE, is_won=False, is_lost=False, at=at)
    for _ in range(3):
        events.write_down_dispute(told)
    return payment


def admin() -> User:
    found = db.session.scalars(select(User).where(User.role == Role.ADMIN, User.is_active)).first()
    assert found is not None
    return found


def written() -> list[str]:
    """Who is written to about what, in order."""
    return [f"{one.user.role.value}: {one.kind.value}" for one in outbox() if one.user]


STEPS: dict[Callable[[Desk], Payment], list[str]] = {
    paid: [CONFIRMED, "patient: payment_received"],
    refused_by_bank: ["patient: payment_failed"],
    never_paid: ["patient: time_released"],
    too_late: ["patient: time_released", "patient: payment_too_late"],
    given_back: [CONFIRMED, "patient: payment_received", "patient: payment_refunded"],
    cancelled: [
        CONFIRMED,
        "patient: payment_received",
        "patient: appointment_cancelled",
        "doctor: doctor_change",
        "patient: payment_refunded",
    ],
    refund_fails: [
        CONFIRMED,
        "patient: payment_received",
        "patient: payment_refunded",
        "admin: payment_trouble",
    ],
    disputed: [CONFIRMED, "patient: payment_received", "admin: payment_trouble"],
}


@pytest.mark.parametrize("step", STEPS, ids=lambda step: step.__name__)
def test_each_step_leaves_its_letters_and_no_others(
    desk: Desk, step: Callable[[Desk], Payment]
) -> None:
    step(desk)
    assert written() == STEPS[step]


@pytest.mark.parametrize("step", [paid, refused_by_bank, too_late, given_back])
def test_what_is_heard_again_is_not_written_again(
    desk: Desk, step: Callable[[Desk], Payment]
) -> None:
    payment = step(desk)
    for _ in range(3):
        desk.hear_all()
        desk.settle(payment)
        desk.work()
    assert written() == STEPS[step]


def letter(letters: Letters, kind: str) -> EmailMessage:
    """The letter of that kind, as it leaves."""
    letters.run()
    db.session.rollback()
    message = db.session.scalars(select(OutboxMessage).where(OutboxMessage.kind == kind)).one()
    assert message.state is MessageState.SENT
    return next(mail for mail in letters.sent if mail["Subject"] == message.subject)


def test_who_has_paid_gets_the_receipt_as_a_file_that_is_kept_as_sent(
    desk: Desk, letters: Letters
) -> None:
    paid(desk)
    mail = letter(letters, "payment_received")
    assert mail["Subject"] == "You have paid €45.00: receipt 1"
    (file,) = mail.iter_attachments()
    assert (file.get_filename(), file.get_content_type()) == ("receipt-1.pdf", "application/pdf")
    content = file.get_content()
    assert content.startswith(b"%PDF-")
    message = db.session.scalars(
        select(OutboxMessage).where(OutboxMessage.kind == "payment_received")
    ).one()
    (kept,) = message.attachments
    assert (kept.name, kept.content_type) == ("receipt-1.pdf", "application/pdf")
    assert kept.content == content


def test_who_is_refused_reads_until_when_they_may_pay_in_another_way(
    desk: Desk, letters: Letters
) -> None:
    payment = refused_by_bank(desk)
    text = text_of(letter(letters, "payment_failed"))
    assert "Your time is held until Tuesday 24 November, 08:" in text
    assert f"{BASE_URL}/payment-cancelled/{payment.ref}/" in text


def test_who_is_refused_and_told_late_reads_that_the_time_is_gone(
    desk: Desk, letters: Letters, frozen_clock: FrozenClock
) -> None:
    refused_by_bank(desk)
    frozen_clock.advance(minutes=settings.current().hold_minutes + 1)
    holds.sweep()
    text = text_of(letter(letters, "payment_failed"))
    assert "the time is no longer held for you" in text
    assert "payment-cancelled" not in text


def test_who_has_begun_to_pay_otherwise_is_not_told_of_the_refusal(
    desk: Desk, letters: Letters
) -> None:
    payment = refused_by_bank(desk)
    visit = desk.the(payment.appointment)
    assert visit.patient is not None
    holder = Holder("browser of 10:00", visit.patient, "192.0.2.1")
    starting.start(desk.till, holder, visit.patient, visit.ref, "")
    letters.run()
    assert [one.state for one in outbox()] == [MessageState.DISSOLVED]


def test_whose_money_came_too_late_reads_what_is_free_instead(desk: Desk, letters: Letters) -> None:
    too_late(desk)
    mail = letter(letters, "payment_too_late")
    assert mail["Subject"] == "Your payment came too late: you get €45.00 back"
    text = text_of(mail)
    assert text.count("&opening=") == 3
    assert f"{BASE_URL}/appointment/?doctor={desk.doctor_ref}" in text


def test_who_gets_money_back_reads_how_much_and_why(desk: Desk, letters: Letters) -> None:
    given_back(desk)
    mail = letter(letters, "payment_refunded")
    assert mail["Subject"] == "You get €10.00 back"
    text = text_of(mail)
    for words in ("of the €45.00", "You waited long", "within five to ten days"):
        assert words in text


def test_a_refund_that_came_back_is_not_promised(desk: Desk, letters: Letters) -> None:
    refund_fails(desk)
    letters.run()
    states = {one.kind.value: one.state for one in outbox()}
    assert states["payment_refunded"] is MessageState.DISSOLVED
    (mail,) = letters.to(admin())
    assert mail["Subject"] == "A refund of €10.00 has failed"
    assert f"{BASE_URL}/admin/payments/" in text_of(mail)


def test_trouble_that_was_seen_to_is_not_told(desk: Desk, letters: Letters) -> None:
    payment = refund_fails(desk)
    failed = db.session.scalars(select(Refund)).one()
    failed.state = RefundState.SUCCEEDED
    db.session.commit()
    letters.run()
    assert letters.to(admin()) == []
    assert payment.ref


def test_a_dispute_is_told_to_admins(desk: Desk, letters: Letters) -> None:
    disputed(desk)
    letters.run()
    (mail,) = letters.to(admin())
    assert mail["Subject"] == "A bank has taken €45.00 back"


def test_letters_about_money_leave_as_files_too(desk: Desk, tmp_path) -> None:
    cancelled(desk)
    post = Letters().post
    run_once("a worker", type(post)(post.base_url, post.sender, into_folder(tmp_path), post.links))
    files = [path.read_bytes() for path in tmp_path.glob("*.eml")]
    assert sum(b"receipt-1.pdf" in file for file in files) == 1
    assert len(files) == len(outbox()) - sum(
        one.state is MessageState.DISSOLVED for one in outbox()
    )
