"""The sandbox remembers money as Stripe does, seen through Stripe's own library."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import stripe

from tests.sandbox.conftest import ORDER, Bank


def test_a_card_pays_and_leads_back(bank: Bank) -> None:
    session = bank.order()
    answer = bank.app.test_client().post(f"/pay/{session.id}", data={"way": "card"})
    assert answer.location == f"https://clinic.example/payment-success/?session_id={session.id}"
    found = bank.client.v1.checkout.sessions.retrieve(
        session.id, {"expand": ["payment_intent.latest_charge.balance_transaction"]}
    )
    assert (found.status, found.payment_status, found.amount_total) == ("complete", "paid", 4500)
    assert isinstance(found.payment_intent, stripe.PaymentIntent)
    charge = found.payment_intent.latest_charge
    assert isinstance(charge, stripe.Charge)
    assert isinstance(charge.balance_transaction, stripe.BalanceTransaction)
    assert charge.balance_transaction.fee == 93


def test_a_declined_card_leaves_the_session_open(bank: Bank) -> None:
    session = bank.order()
    assert bank.visit(session.id, "declined") == 402
    assert bank.client.v1.checkout.sessions.retrieve(session.id).status == "open"
    assert bank.visit(session.id, "card") == 303


def test_a_bank_debit_is_complete_before_it_is_paid(bank: Bank) -> None:
    session = bank.order()
    bank.visit(session.id, "bank")
    waiting = bank.client.v1.checkout.sessions.retrieve(session.id)
    assert (waiting.status, waiting.payment_status) == ("complete", "unpaid")
    bank.decide(session.id, "succeeds")
    assert bank.client.v1.checkout.sessions.retrieve(session.id).payment_status == "paid"
    assert bank.decide(session.id, "fails") == 400


def test_nothing_is_paid_twice(bank: Bank) -> None:
    session = bank.order()
    with ThreadPoolExecutor(8) as people:
        answers = list(people.map(lambda _: bank.visit(session.id, "card"), range(8)))
    assert sorted(answers) == [303] + [400] * 7
    assert len(bank.sandbox.store.all("charge")) == 1


def test_only_an_open_session_can_be_expired(bank: Bank) -> None:
    session = bank.order()
    assert bank.client.v1.checkout.sessions.expire(session.id).status == "expired"
    assert bank.visit(session.id, "card") == 400
    paid = bank.order()
    bank.visit(paid.id, "card")
    with pytest.raises(stripe.InvalidRequestError, match="can be expired"):
        bank.client.v1.checkout.sessions.expire(paid.id)


def test_a_session_ends_by_itself(bank: Bank, soon: int) -> None:
    session = bank.order(expires_at=soon)
    bank.sandbox.skew_seconds = 31 * 60
    bank.sandbox.tick()
    assert bank.client.v1.checkout.sessions.retrieve(session.id).status == "expired"
    assert bank.told() == ["checkout.session.expired"]


@pytest.mark.parametrize("minutes", [0, 5, 60 * 25])
def test_a_session_lasts_half_an_hour_to_a_day(bank: Bank, soon: int, minutes: int) -> None:
    with pytest.raises(stripe.InvalidRequestError) as refused:
        bank.order(expires_at=soon - 30 * 60 + minutes * 60)
    assert refused.value.param == "expires_at"


def test_the_same_key_gives_the_same_session(bank: Bank) -> None:
    first, again = bank.order(key="one"), bank.order(key="one")
    assert first.id == again.id
    assert again.last_response is not None
    assert again.last_response.headers["Idempotent-Replayed"] == "true"
    with pytest.raises(stripe.IdempotencyError):
        bank.order(key="one", client_reference_id="another")


def test_the_same_key_at_once_gives_one_session(bank: Bank) -> None:
    with ThreadPoolExecutor(8) as people:
        made = {session.id for session in people.map(lambda _: bank.order(key="one"), range(8))}
    assert len(made) == 1


def test_an_answer_that_was_lost_is_there_when_asked_again(bank: Bank) -> None:
    bank.sandbox.broken.after["/v1/checkout/sessions"] = 1
    with pytest.raises(stripe.APIError):
        bank.order(key="one")
    assert bank.order(key="one").status == "open"
    assert len(bank.sandbox.store.all("checkout.session")) == 1


def test_no_more_is_given_back_than_was_paid(bank: Bank) -> None:
    session = bank.order()
    bank.visit(session.id, "card")
    (intent,) = bank.sandbox.store.all("payment_intent")
    refunds = bank.client.v1.refunds
    refunds.create({"payment_intent": intent["id"], "amount": 4000})
    with pytest.raises(stripe.InvalidRequestError, match="greater than unrefunded"):
        refunds.create({"payment_intent": intent["id"], "amount": 501})
    refunds.create({"payment_intent": intent["id"]})
    with pytest.raises(stripe.InvalidRequestError) as refused:
        refunds.create({"payment_intent": intent["id"]})
    assert refused.value.code == "charge_already_refunded"
    assert sum(refund.amount for refund in refunds.list().data) == 4500


def test_an_order_that_makes_no_sense_is_refused(bank: Bank) -> None:
    wrongs: list[dict[str, Any]] = [{"line_items": []}, {"success_url": ""}, {"mode": "gift"}]
    for wrong in wrongs:
        with pytest.raises(stripe.InvalidRequestError):
            bank.order(**wrong)
    cheap = [{**ORDER["line_items"][0], "price_data": {**price(), "unit_amount": 1}}]
    with pytest.raises(stripe.InvalidRequestError) as refused:
        bank.order(line_items=cheap)
    assert refused.value.code == "amount_too_small"


def price() -> dict[str, object]:
    found: dict[str, object] = ORDER["line_items"][0]["price_data"]
    return found


def test_a_wrong_key_opens_nothing(bank: Bank) -> None:
    address = bank.client._requestor.base_addresses["api"]
    stranger = stripe.StripeClient("sk_test_other", base_addresses={"api": address})
    with pytest.raises(stripe.AuthenticationError):
        stranger.v1.refunds.list()


def test_lists_are_paged_and_narrowed(bank: Bank) -> None:
    made = [bank.order().id for _ in range(5)]
    page = bank.client.v1.checkout.sessions.list({"limit": 2})
    assert [session.id for session in page.data] == made[:-3:-1]
    assert [session.id for session in page.auto_paging_iter()] == made[::-1]
    none = bank.client.v1.checkout.sessions.list({"created": {"lt": 1000}})
    assert none.data == []
