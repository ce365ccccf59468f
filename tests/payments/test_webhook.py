"""What is sent to the webhook by others than Stripe, by Stripe about other things, or too late."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from app.extensions import db
from app.models import AppointmentStatus as Status
from app.models import LedgerEntry, StripeEvent
from sandbox.events import signature
from tests.checkout.conftest import Desk, desk_of
from tests.conftest import FrozenClock
from tests.pages import ORIGIN
from tests.payments.conftest import pay_at, press_pay, review, somebody, the_visit

SECRET = "whsec_sandbox"


@pytest.fixture
def desk(app: Flask, frozen_clock: FrozenClock) -> Iterator[Desk]:
    with desk_of(app) as made:
        keys = {"stripe_key": "sk_test_sandbox", "stripe_webhook_secret": SECRET}
        config = replace(app.config["DOCKET"], **keys, stripe_address=made.address)
        app.config["DOCKET"] = config
        yield made


@pytest.fixture
def told(desk: Desk) -> dict[str, Any]:
    """The event that a visit is paid, which has not been delivered yet."""
    patient = somebody(desk, "Ines Carvalho")
    pay_at(desk, press_pay(patient, review(desk, patient)), "card")
    events = desk.sandbox.store.all("event")
    return next(one for one in events if one["type"] == "checkout.session.completed")


def post(desk: Desk, body: bytes, header: str | None = None) -> int:
    signed = signature(body, SECRET, desk.sandbox.now()) if header is None else header
    answer = desk.app.test_client().post(
        "/stripe-webhook/", data=body, headers={"Stripe-Signature": signed}, base_url=ORIGIN
    )
    return answer.status_code


def rows(desk: Desk, kind: type) -> int:
    with desk.app.app_context():
        return db.session.scalar(select(func.count()).select_from(kind)) or 0


def nothing_happened(desk: Desk) -> None:
    assert the_visit(desk).status is Status.HELD
    assert rows(desk, LedgerEntry) == rows(desk, StripeEvent) == 0


@pytest.mark.parametrize("minutes", [-360, -60, -6, 6, 60])
def test_an_event_of_another_time_is_refused_and_the_clock_is_named(
    desk: Desk, told: dict[str, Any], minutes: int, caplog: pytest.LogCaptureFixture
) -> None:
    body = json.dumps(told).encode()
    assert post(desk, body, signature(body, SECRET, desk.sandbox.now() + 60 * minutes)) == 400
    assert "clock" in caplog.text
    nothing_happened(desk)


def test_signatures_that_are_none_are_refused(desk: Desk, told: dict[str, Any]) -> None:
    body, now = json.dumps(told).encode(), desk.sandbox.now()
    right = signature(body, SECRET, now).partition("v1=")[2]
    headers = [
        "",
        "v1=",
        f"v1={right}",
        f"t={now}",
        f"t={now},v0={right}",
        f"t=x,v1={right}",
        f"t={now},v1={right[:-1]}",
        f"t={now},v1=\xff",
        f"t={now + 1},v1={right}",
        signature(body, "", now),
        ",,,=,",
    ]
    assert {post(desk, body, header) for header in headers} == {400}
    nothing_happened(desk)
    assert post(desk, body, f"t={now},v1={'0' * 64},v1={right}") == 200, "one of two is right"
    assert the_visit(desk).status is Status.CONFIRMED


@pytest.mark.parametrize(
    "change",
    [
        {"livemode": True},
        {"livemode": None},
        {"data": None},
        {"data": {}},
        {"data": {"object": None}},
        {"data": {"object": []}},
        {"data": []},
        {"object": "v2.core.event"},
    ],
    ids=str,
)
def test_an_event_of_another_mode_or_form_is_refused(
    desk: Desk, told: dict[str, Any], change: dict[str, Any]
) -> None:
    assert post(desk, json.dumps(told | change).encode()) == 400
    nothing_happened(desk)


@pytest.mark.parametrize("name", ["id", "type", "data", "livemode"])
def test_an_event_that_lacks_something_is_refused(
    desk: Desk, told: dict[str, Any], name: str
) -> None:
    assert post(desk, json.dumps({k: v for k, v in told.items() if k != name}).encode()) == 400
    nothing_happened(desk)


@pytest.mark.parametrize("kind", ["checkout.session.completed", "refund.updated", "ping", "x" * 90])
@pytest.mark.parametrize(
    "thing",
    [
        {},
        {"id": None},
        {"id": ["a"], "payment_intent": {"b": 1}},
        {"id": "cs_unknown", "client_reference_id": "unknown", "payment_intent": "pi_unknown"},
        {"id": "x" * 9000, "client_reference_id": "y" * 9000, "payment_intent": "z" * 9000},
        {"id": "\0\ud800", "client_reference_id": 7, "payment_intent": 7},
    ],
    ids=range(6),
)
def test_events_about_unknown_things_have_no_effect(
    desk: Desk, told: dict[str, Any], kind: str, thing: dict[str, Any]
) -> None:
    event = told | {"id": "evt_other", "type": kind, "data": {"object": thing}}
    assert post(desk, json.dumps(event).encode()) in {200, 400}
    nothing_happened(desk)


@pytest.mark.parametrize("thing", [{}, {"id": "dp_1", "payment_intent": "pi_1"}, {"amount": "x"}])
def test_a_dispute_that_lacks_something_is_no_fault_of_ours(
    desk: Desk, told: dict[str, Any], thing: dict[str, Any]
) -> None:
    event = told | {"type": "charge.dispute.created", "data": {"object": thing}}
    assert post(desk, json.dumps(event).encode()) in {200, 400}
    nothing_happened(desk)


def test_more_fields_than_are_known_do_no_harm(desk: Desk, told: dict[str, Any]) -> None:
    thing = told["data"]["object"] | {"amount_total": 1, "currency": "jpy", "brand_new": [{}]}
    body = json.dumps(told | {"account": "acct_other", "data": {"object": thing}, "new": 1})
    assert post(desk, body.encode()) == 200
    assert the_visit(desk).status is Status.CONFIRMED, "what Stripe says when asked counts"
    with desk.app.app_context():
        desk.hear_all()
        desk.check()


def test_bodies_that_are_huge_or_deep_are_refused(desk: Desk, told: dict[str, Any]) -> None:
    deep = b'{"a":' * 100_000 + b"1" + b"}" * 100_000
    assert post(desk, b"[" * 100_000) == 400
    assert post(desk, deep) == 400
    assert post(desk, b'{"a": "' + b"x" * 5_000_000 + b'"}') == 413
    nothing_happened(desk)


def test_a_replayed_event_has_no_second_effect(desk: Desk, told: dict[str, Any]) -> None:
    body = json.dumps(told).encode()
    assert {post(desk, body) for _ in range(4)} == {200}
    assert rows(desk, LedgerEntry) == 2, "the charge and its fee"
    assert rows(desk, StripeEvent) == 1


def test_a_silent_gateway_is_told_again(desk: Desk, told: dict[str, Any]) -> None:
    desk.sandbox.broken.down = True
    body = json.dumps(told).encode()
    assert post(desk, body) == 503
    nothing_happened(desk)
    desk.sandbox.broken.down = False
    assert post(desk, body) == 200
    assert the_visit(desk).status is Status.CONFIRMED


def test_no_secret_is_ever_logged(
    desk: Desk, told: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    body = json.dumps(told).encode()
    signed = signature(body, SECRET, desk.sandbox.now())
    wrong = signature(body, "whsec_wrong", desk.sandbox.now())
    assert [post(desk, body, signed), post(desk, body, wrong)] == [200, 400]
    with desk.app.app_context():
        payment = desk.begin("14:00", "Somebody Else")
        desk.time_is_over(payment)
        desk.sandbox.broken.down = True
        with pytest.raises(Exception, match="not possible"):
            desk.work()
        desk.sandbox.broken.down = False
        desk.work()
    for secret in ("sk_test_sandbox", SECRET, signed.partition("v1=")[2], "client_secret"):
        assert secret not in caplog.text
