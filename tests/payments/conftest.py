"""A clinic and its bank as a patient meets them: from the held time to the page to pay."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from flask import Flask
from sqlalchemy import select

from app.clock import tick_of
from app.extensions import db
from app.models import Appointment
from tests.builders import a_patient, tomorrow_at
from tests.checkout.conftest import Desk, desk_of
from tests.conftest import FrozenClock
from tests.pages import Page, Visitor


@pytest.fixture
def desk(app: Flask, frozen_clock: FrozenClock) -> Iterator[Desk]:
    config = app.config["DOCKET"]
    with desk_of(app) as made:
        app.config["DOCKET"] = replace(
            config,
            stripe_key="sk_test_sandbox",
            stripe_webhook_secret="whsec_sandbox",
            stripe_address=made.address,
        )
        yield made
        app.config["DOCKET"] = config
        with app.app_context():
            made.hear_all()
            made.check()


@pytest.fixture
def patient(desk: Desk) -> Visitor:
    return somebody(desk, "Ines Carvalho")


def somebody(desk: Desk, name: str) -> Visitor:
    with desk.app.app_context():
        number = a_patient(name).user_id
    return Visitor(desk.app.test_client(), number)


def review(desk: Desk, patient: Visitor, time: str = "10:00") -> Page:
    """The patient holds a time of tomorrow and reads what it is."""
    start = tomorrow_at(time)
    query = f"doctor={desk.doctor_ref}&visit_type={desk.visit_type_ref}&day={start.date()}"
    page = patient.get(f"/appointment/?{query}")
    return patient.submit(
        page.form("/appointment/hold/"), opening=f"{desk.doctor_ref}.{tick_of(start)}"
    )


def press_pay(patient: Visitor, page: Page, reason: str = "") -> str:
    """Where the button to pay leads."""
    form = replace(page.form("/appointment/book/"), action="/pay/")
    return patient.submit(form, follow=False, reason=reason).location


def the_visit(desk: Desk) -> Appointment:
    with desk.app.app_context():
        return db.session.scalars(select(Appointment)).one()


def pay_at(desk: Desk, page: str, way: str) -> str:
    """Press a button of the sandbox's page; where it leads, on this site."""
    path = page.removeprefix("http://127.0.0.1")
    bank = desk.bank_app.test_client()
    return bank.post(path, data={"way": way}).location.removeprefix("http://127.0.0.1:8000")
