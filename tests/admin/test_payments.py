"""The admins' payments: found, summed, given back, and kept in a file."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from functools import partial
from zoneinfo import ZoneInfo

import pytest
from flask import Flask
from sqlalchemy import select, update

from app import clock
from app.billing import attention, refunds, sums, takings
from app.checkout import reconciling
from app.errors import ChangedMeanwhile, NotAllowed
from app.extensions import db
from app.models import LedgerEntry, Payment, PaymentStatus, Refund, RefundState, Role, User
from tests.admin.conftest import Office
from tests.builders import a_user
from tests.checkout.conftest import PRICE, Desk, desk_of
from tests.pages import ORIGIN, Form, Page
from tests.races.racing import race
from tests.scheduling.conftest import queries

LIST = "/admin/payments/"


@pytest.fixture
def desk(office: Office) -> Iterator[Desk]:
    with desk_of(office.app) as made:
        yield made
        with office.app.app_context():
            made.check()


def paid(desk: Desk, time: str = "10:00", name: str = "Ines Alva") -> str:
    """Somebody has paid by card; the reference of the payment."""
    with desk.app.app_context():
        payment = desk.begin(time, name)
        desk.card(payment)
        desk.settle(payment)
        return payment.ref


def stored(desk: Desk) -> list[Refund]:
    with desk.app.app_context():
        return list(db.session.scalars(select(Refund).order_by(Refund.id)))


def send(desk: Desk) -> None:
    with desk.app.app_context():
        desk.work()


def form_of(office: Office, ref: str, action: str = "/refund/") -> Form:
    """A form of a payment's page, as it is now."""
    return office.admin.get(f"{LIST}{ref}/").form(action)


def give_back(office: Office, ref: str, amount: str, reason: str = "A gift") -> Page:
    form = form_of(office, ref)
    return office.admin.submit(form, follow=False, amount=amount, reason=reason)


def listed(office: Office, query: str) -> list[str]:
    return re.findall(r'id="payment-(\w+)"', office.admin.get(f"{LIST}?{query}").html)


def test_payments_are_found_by_what_is_known_of_them(office: Office, desk: Desk) -> None:
    ines, jonas = paid(desk), paid(desk, "11:00", "Jonas Weber")
    with desk.app.app_context():
        intent = db.session.scalars(select(Payment.intent_id).where(Payment.ref == ines)).one()
    assert listed(office, "") == [jonas, ines]
    assert listed(office, "q=alva") == [ines]
    assert listed(office, f"q={jonas}") == [jonas]
    assert listed(office, f"q={intent}") == [ines]
    with desk.app.app_context():
        visit = (
            db.session.scalars(select(Payment).where(Payment.ref == jonas)).one().appointment.ref
        )
        charge = db.session.scalars(select(LedgerEntry.stripe_id).where(LedgerEntry.id == 1)).one()
    assert listed(office, f"q={visit}") == [jonas]
    assert listed(office, f"q={charge}") == [ines]
    assert listed(office, "q=pi_nobody") == []
    assert listed(office, "q=nobody") == []
    assert listed(office, "state=paid") == [jonas, ines]
    assert listed(office, "state=failed") == []
    assert listed(office, "to=2026-11-23") == []
    assert listed(office, f"q={ines}&to=2026-11-23") == [ines]
    assert listed(office, f"doctor={desk.doctor_ref}") == [jonas, ines]
    assert listed(office, "cause=by_staff") == []


def test_sums_are_of_the_days_and_the_doctor(office: Office, desk: Desk) -> None:
    ref = paid(desk)
    paid(desk, "11:00", "Jonas Weber")
    give_back(office, ref, "20.00")
    send(desk)
    text = office.admin.get(LIST).text
    assert "Dr. Ada Berg €90.00 −€20.00 0 −€1.86 €68.14" in text
    assert "Tue 24 Nov €90.00 −€20.00 0 −€1.86 €68.14" in text


def test_sums_are_bounded_and_days_begin_where_the_clinic_is(office: Office, desk: Desk) -> None:
    paid(desk)
    assert "Sums by day" in office.admin.get(f"{LIST}?from=2026-09-23&to=2026-11-24").text
    assert "at most 62 days" in office.admin.get(f"{LIST}?from=2026-09-22&to=2026-11-24").text
    with desk.app.app_context():
        for zone, day in (("Europe/Berlin", 24), ("Asia/Kolkata", 25), ("Pacific/Apia", 25)):
            db.session.execute(
                update(LedgerEntry).values(at=datetime(2026, 11, 24, 18, 45, tzinfo=UTC))
            )
            db.session.commit()
            wanted = takings.Wanted(ZoneInfo(zone), date(2026, 11, 1), date(2026, 11, 30))
            assert {on for on, _ in sums.of(wanted).by_day} == {date(2026, 11, day)}


def test_the_list_asks_the_database_as_often_for_many_as_for_one(
    office: Office, desk: Desk
) -> None:
    def asked() -> int:
        with office.app.app_context(), queries() as found:
            office.admin.get(LIST)
        return len(found)

    paid(desk)
    few = asked()
    paid(desk, "11:00", "Jonas Weber")
    paid(desk, "13:00", "Mila Roth")
    assert asked() == few


def test_a_part_is_given_back_once_however_often_it_is_pressed(office: Office, desk: Desk) -> None:
    ref = paid(desk)
    form = form_of(office, ref)
    for _ in range(2):
        sent = office.admin.submit(form, follow=False, amount="20,00", reason="Too long a wait")
        assert sent.status == 303
    send(desk)
    assert [(one.cents, one.state) for one in stored(desk)] == [(2000, RefundState.SUCCEEDED)]
    assert "Too long a wait" in office.admin.get(f"{LIST}{ref}/").text
    assert len(office.trail("refund.wanted")) == 1


def test_a_form_that_has_not_seen_a_refund_gives_nothing_back(office: Office, desk: Desk) -> None:
    ref = paid(desk)
    old = form_of(office, ref)
    give_back(office, ref, "20.00")
    again = office.admin.submit(old, follow=False, key="another", amount="5.00", reason="Sorry")
    assert again.status == 409
    assert "Ana Sousa has changed this meanwhile" in again.text
    assert "Amount 20.00 EUR, so that 25.00 are left 5.00" in again.text
    assert "Reason A gift Sorry" in again.text
    assert len(stored(desk)) == 1
    send(desk)


@pytest.mark.parametrize(
    ("amount", "reason"),
    [
        ("", "x"),
        ("0", "x"),
        ("-1", "x"),
        ("45.01", "x"),
        ("1e3", "x"),
        ("10", ""),
        ("10", "y" * 501),
    ],
)
def test_what_cannot_be_given_back_is_said_beside_the_field(
    office: Office, desk: Desk, amount: str, reason: str
) -> None:
    answer = give_back(office, paid(desk), amount, reason=reason)
    assert answer.status == 422
    assert stored(desk) == []


def test_a_refund_that_failed_is_tried_once_more(office: Office, desk: Desk) -> None:
    ref = paid(desk)
    desk.sandbox.ledger.refunds_fail = True
    give_back(office, ref, "45.00")
    with desk.app.app_context():
        desk.work()
        desk.hear_all()
    (failed,) = stored(desk)
    assert failed.state is RefundState.FAILED
    assert "a refund failed" in office.admin.get(LIST).text
    assert "Payment needs a look" in office.admin.get("/admin/").text
    desk.sandbox.ledger.refunds_fail = False
    form = form_of(office, ref, f"/refunds/{failed.id}/retry/")
    for _ in range(2):
        assert office.admin.submit(form, follow=False).status == 303
    send(desk)
    assert [one.state for one in stored(desk)] == [RefundState.FAILED, RefundState.SUCCEEDED]
    assert "a refund failed" not in office.admin.get(LIST).text
    with desk.app.app_context():
        visit = db.session.scalars(select(Payment)).one().appointment
        assert visit.payment_status is PaymentStatus.REFUNDED


def test_disputes_and_what_a_reconciliation_found_stand_on_top(office: Office, desk: Desk) -> None:
    paid(desk)
    (charge,) = desk.sandbox.store.all("charge")
    desk.sandbox.ledger.dispute(charge, desk.sandbox.now())
    with desk.app.app_context():
        desk.begin("11:00", "Jonas Weber")
        db.session.execute(
            update(Payment).where(Payment.id == 2).values(session_id="cs_test_unknown")
        )
        db.session.commit()
        reconciling.reconcile(desk.gateway)
    text = office.admin.get(LIST).text
    assert "their bank asks the money back" in text
    assert f"{reconciling.NOT_AT_STRIPE}:" in text


def test_the_file_has_every_payment_and_no_formula(office: Office, desk: Desk) -> None:
    paid(desk, name="=HYPERLINK(1)")
    paid(desk, "11:00", 'Łucja, "L"')
    answer = office.admin.client.get("/admin/payments.csv", base_url=ORIGIN)
    assert answer.headers["Content-Disposition"] == (
        "attachment; filename=payments-2026-10-25-2026-11-24.csv"
    )
    assert answer.text.startswith("\ufeff")
    rows = list(csv.DictReader(io.StringIO(answer.text.removeprefix("\ufeff"))))
    assert [row["Patient"] for row in rows] == ["'=HYPERLINK(1)", 'Łucja, "L"']
    assert (rows[0]["Charged"], rows[0]["Fee"], rows[0]["Net"]) == ("45.00", "-0.93", "44.07")


def test_a_failed_refund_that_was_settled_otherwise_is_set_aside(
    office: Office, desk: Desk
) -> None:
    ref = paid(desk)
    desk.sandbox.ledger.refunds_fail = True
    give_back(office, ref, "45.00")
    send(desk)
    with desk.app.app_context():
        desk.hear_all()
    (failed,) = stored(desk)
    form = form_of(office, ref, f"/refunds/{failed.id}/aside/")
    silent = office.admin.submit(form, follow=False, reason=" ")
    assert silent.status == 422
    assert "Write how it was settled." in silent.text
    assert stored(desk)[0].state is RefundState.FAILED
    for _ in range(2):
        assert office.admin.submit(form, follow=False, reason="Paid back in cash").status == 303
    with desk.app.app_context():
        reconciling.reconcile(desk.gateway)
    assert stored(desk)[0].state is RefundState.SET_ASIDE
    assert "Needs attention" not in office.admin.get(LIST).text
    (event,) = office.trail("refund.set_aside")
    assert (event.actor_id, event.reason) == (office.admin_id, "Paid back in cash")
    text = office.admin.get(f"{LIST}{ref}/").text
    assert "Failed refund settled otherwise" in text
    assert "by Ana Sousa Paid back in cash" in text


def test_only_a_refund_that_failed_is_set_aside(office: Office, desk: Desk) -> None:
    ref = paid(desk)
    give_back(office, ref, "45.00")
    (wanted,) = stored(desk)
    with desk.app.app_context():
        admin = db.session.get_one(User, office.admin_id)
        doctor = a_user(Role.DOCTOR, "Not An Admin")
        with pytest.raises(refunds.NotRefundable):
            refunds.set_aside(ref, wanted.id, "x", admin)
        with pytest.raises(NotAllowed):
            refunds.set_aside(ref, wanted.id, "x", doctor)
    send(desk)


def test_payments_are_narrowed_and_summed_by_the_way_to_pay(office: Office, desk: Desk) -> None:
    card = paid(desk)
    with desk.app.app_context():
        payment = desk.begin("11:00", "Jonas Weber")
        desk.bank(payment)
        desk.settle(payment)
        desk.bank_says(payment, succeeds=True)
        desk.settle(payment)
        debit = payment.ref
    assert listed(office, "method=card") == [card]
    assert listed(office, "method=sepa_debit") == [debit]
    assert listed(office, "method=shells") == [debit, card]
    text = office.admin.get(LIST).text
    assert "Card €45.00 0 0 −€0.93 €44.07 SEPA debit €45.00 0 0 −€0.93 €44.07" in text


def test_a_payment_tells_what_happened_to_it_in_order(office: Office, desk: Desk) -> None:
    ref = paid(desk)
    office.clock.advance(minutes=5)
    give_back(office, ref, "20.00", reason="Too long a wait")
    office.clock.advance(minutes=5)
    send(desk)
    html = office.admin.get(f"{LIST}{ref}/").html
    told = re.findall(r"<li>\s*<p><b>([^<]+)</b>", html)
    assert told[:2] == ["Refund", "Refund asked for"]
    assert told[2:] == ["Paid", "Stripe&#39;s fee", "Charge", "Begun"]


def test_only_admins_give_money_back(office: Office, desk: Desk) -> None:
    ref = paid(desk)
    with desk.app.app_context():
        doctor = a_user(Role.DOCTOR, "Not An Admin")
        with pytest.raises(NotAllowed):
            refunds.by_staff(ref, 100, "x", doctor, seen=0, form_key="k")


def test_two_admins_at_once_never_give_back_more_than_was_paid(database: Flask) -> None:
    with desk_of(database) as desk, database.app_context():
        payment = desk.begin()
        desk.card(payment)
        desk.settle(payment)
        ref, admins = payment.ref, [a_user(Role.ADMIN, f"Admin {n}").id for n in range(3)]

        def give(admin: int, key: str) -> int:
            actor = db.session.get_one(User, admin)
            try:
                return refunds.by_staff(ref, PRICE, "x", actor, seen=0, form_key=key).cents
            except ChangedMeanwhile:
                return 0

        acts = [partial(give, admin, f"key {admin}") for admin in admins]
        assert sorted(race(database, acts)) == [0, 0, PRICE]
        desk.work()
        desk.check()


def test_a_period_is_never_longer_than_a_year() -> None:
    today = date(2026, 11, 24)
    assert takings.period(None, None, today) == (date(2026, 10, 25), today)
    assert takings.period(date(2000, 1, 1), today, today)[0] == date(2025, 11, 23)
    assert takings.period(today, date(2026, 1, 1), today) == (date(2026, 1, 1), today)


def test_finding_and_summing_work_on_each_database(database: Flask) -> None:
    with desk_of(database) as desk, database.app_context():
        payment = desk.begin()
        desk.card(payment)
        desk.settle(payment)
        today = clock.now().date()
        first, last = today - timedelta(1), today + timedelta(1)
        for asked in (None, *takings.Asked):
            wanted = takings.Wanted(ZoneInfo("UTC"), first, last, asked=asked)
            is_there = asked in {None, takings.Asked.PAID}
            assert [one.id for one in takings.find(wanted, 1).rows] == [payment.id] * is_there
            found = sums.of(wanted)
            assert [one.net for one in found.by_day.values()] == [PRICE - 93] * is_there
            assert [one.charged for one in found.by_doctor.values()] == [PRICE] * is_there
        assert attention.troubles().total == 0
