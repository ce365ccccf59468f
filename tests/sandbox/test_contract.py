"""What the sandbox says and takes has the shapes of Stripe's own description."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import stripe

from sandbox import events
from sandbox.events import public
from tests.sandbox.conftest import ORDER, Bank
from tests.sandbox.contract import DESCRIPTION, faults_of, faults_of_request


def paid(bank: Bank) -> None:
    bank.visit(bank.order().id, "card")


def declined(bank: Bank) -> None:
    bank.visit(bank.order().id, "declined")


def on_its_way(bank: Bank) -> None:
    bank.visit(bank.order().id, "bank")


def paid_late(bank: Bank) -> None:
    session = bank.order()
    bank.visit(session.id, "bank")
    bank.decide(session.id, "succeeds")


def refused_late(bank: Bank) -> None:
    session = bank.order()
    bank.visit(session.id, "bank")
    bank.decide(session.id, "fails")


def expired(bank: Bank) -> None:
    bank.client.v1.checkout.sessions.expire(bank.order().id)


def given_back(bank: Bank) -> None:
    paid(bank)
    (intent,) = bank.sandbox.store.all("payment_intent")
    refund = bank.client.v1.refunds.create({"payment_intent": intent["id"], "amount": 1000})
    bank.app.test_client().post(f"/sandbox/refunds/{refund.id}/fail")


def disputed(bank: Bank) -> None:
    paid(bank)
    (charge,) = bank.sandbox.store.all("charge")
    browser = bank.app.test_client()
    dispute = browser.post(f"/sandbox/charges/{charge['id']}/dispute").get_json()
    browser.post(f"/sandbox/disputes/{dispute['id']}/won")


STORIES = [paid, declined, on_its_way, paid_late, refused_late, expired, given_back, disputed]


@pytest.mark.parametrize("story", STORIES)
def test_every_object_and_event_is_as_stripe_describes_it(
    bank: Bank, story: Callable[[Bank], None]
) -> None:
    story(bank)
    for kind in DESCRIPTION["schemas"]:
        for thing in bank.sandbox.store.all(kind):
            assert faults_of(public(thing), kind) == []
            if kind == "event":
                told = thing["data"]["object"]
                assert faults_of(told, told["object"]) == []


def test_the_description_is_read_by_the_contract(bank: Bank) -> None:
    session = public(bank.sandbox.store.all("checkout.session")[0]) if bank.order() else {}
    assert faults_of(session | {"status": "melted"}, "checkout.session")
    assert faults_of(session | {"amount_total": "4500"}, "checkout.session")
    assert faults_of(session | {"invented": 1}, "checkout.session")
    del session["expires_at"]
    assert faults_of(session, "checkout.session") == ["checkout.session.expires_at is missing"]


def test_our_order_has_only_parameters_that_stripe_knows() -> None:
    form = {
        **ORDER,
        "line_items": [
            {
                "price_data": {**ORDER["line_items"][0]["price_data"], "unit_amount": "4500"},
                "quantity": "1",
            }
        ],
    }
    assert faults_of_request(form, "/v1/checkout/sessions") == []
    assert faults_of_request({**form, "price": "1"}, "/v1/checkout/sessions")


def test_events_are_of_the_version_that_the_library_speaks() -> None:
    assert stripe.api_version == events.API_VERSION
