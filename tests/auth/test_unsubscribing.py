"""Stopping messages by the link that stands in them."""

from __future__ import annotations

import pytest
from flask import Flask

from app.clinic import history
from app.messaging import agendas, reminders
from app.models import AgendaMail
from app.signing import Purpose, Signer
from tests.auth.steps import see_again
from tests.builders import a_doctor, a_patient
from tests.conftest import FrozenClock
from tests.pages import ORIGIN, Visitor

ONE_CLICK = {"List-Unsubscribe": "One-Click"}


@pytest.fixture
def signer(app: Flask) -> Signer:
    return Signer(str(app.secret_key))


def link(signer: Signer, purpose: Purpose, ref: str) -> str:
    return f"/unsubscribe/{signer.token(purpose, ref)}/"


def test_looking_stops_nothing_and_the_button_does(
    clinic: FrozenClock, visitor: Visitor, signer: Signer
) -> None:
    patient = a_patient()
    page = visitor.get(link(signer, Purpose.STOP_REMINDERS, patient.user.ref))
    assert page.status == 200
    assert "no more reminders of any visit" in page.text
    see_again(patient)
    assert patient.own_reminders is None
    page = visitor.submit(page.forms[0])
    assert page.status == 200
    assert "You get no more reminders" in page.text
    assert "Messages and calendar" in page.text
    see_again(patient)
    assert patient.own_reminders == []


def test_a_mailbox_stops_the_agenda_with_one_click_without_cookie_or_token(
    clinic: FrozenClock, app: Flask, visitor: Visitor, signer: Signer
) -> None:
    doctor = a_doctor()
    agendas.choose(doctor, AgendaMail.EVENING)
    path = link(signer, Purpose.STOP_AGENDA, doctor.user.ref)
    answer = visitor.client.post(
        path,
        data="List-Unsubscribe=One-Click",
        base_url=ORIGIN,
        content_type="application/x-www-form-urlencoded",
    )
    assert answer.status_code == 200
    assert "Location" not in answer.headers
    see_again(doctor)
    assert doctor.agenda_mail is AgendaMail.NEVER
    multipart = visitor.client.post(
        path, data=ONE_CLICK, base_url=ORIGIN, content_type="multipart/form-data"
    )
    assert multipart.status_code == 200


def test_stopping_twice_is_stopping_once(
    clinic: FrozenClock, visitor: Visitor, signer: Signer
) -> None:
    patient = a_patient()
    path = link(signer, Purpose.STOP_REMINDERS, patient.user.ref)
    assert [visitor.post(path, ONE_CLICK).status for _ in range(3)] == [200] * 3
    see_again(patient)
    assert len(history.of("patient", patient.id)) == 1
    page = visitor.get(path)
    assert "You get no more reminders" in page.text
    assert not any("List-Unsubscribe" in form.values for form in page.forms)


def test_a_link_stops_again_what_was_turned_on_since(
    clinic: FrozenClock, visitor: Visitor, signer: Signer
) -> None:
    patient = a_patient()
    path = link(signer, Purpose.STOP_REMINDERS, patient.user.ref)
    visitor.post(path, ONE_CLICK)
    see_again(patient)
    reminders.choose(patient, None)
    assert visitor.get(path).forms[0].values["List-Unsubscribe"] == "One-Click"
    visitor.post(path, ONE_CLICK)
    see_again(patient)
    assert patient.own_reminders == []


def test_what_is_no_such_link_stops_nothing(
    clinic: FrozenClock, visitor: Visitor, signer: Signer
) -> None:
    patient, doctor = a_patient(), a_doctor()
    agendas.choose(doctor, AgendaMail.MORNING)
    good = link(signer, Purpose.STOP_REMINDERS, patient.user.ref)
    paths = [
        good.replace("/unsubscribe/", "/unsubscribe/x"),
        link(Signer("another key"), Purpose.STOP_REMINDERS, patient.user.ref),
        link(signer, Purpose.CALENDAR_FEED, f"{patient.user.ref}:1"),
        link(signer, Purpose.CANCEL_VISIT, patient.user.ref),
        link(signer, Purpose.STOP_REMINDERS, "nobody"),
        link(signer, Purpose.STOP_REMINDERS, doctor.user.ref),
        link(signer, Purpose.STOP_AGENDA, patient.user.ref),
        "/unsubscribe/x/",
    ]
    for path in paths:
        page, answer = visitor.get(path), visitor.post(path, ONE_CLICK)
        assert (page.status, answer.status) == (404, 404), path
        assert "This link stops no messages" in page.text
    see_again(patient)
    see_again(doctor)
    assert patient.own_reminders is None
    assert doctor.agenda_mail is AgendaMail.MORNING


@pytest.mark.parametrize("body", [{}, {"List-Unsubscribe": "yes"}, {"csrf_token": "x"}])
def test_a_body_that_does_not_ask_for_it_stops_nothing(
    clinic: FrozenClock, visitor: Visitor, signer: Signer, body: dict[str, str]
) -> None:
    patient = a_patient()
    path = link(signer, Purpose.STOP_REMINDERS, patient.user.ref)
    assert visitor.post(path, body).status == 400
    see_again(patient)
    assert patient.own_reminders is None


def test_no_cache_keeps_the_page(clinic: FrozenClock, visitor: Visitor, signer: Signer) -> None:
    path = link(signer, Purpose.STOP_REMINDERS, a_patient().user.ref)
    answer = visitor.client.get(path, base_url=ORIGIN)
    assert answer.headers["Cache-Control"] == "no-store"


def test_no_other_view_takes_a_form_without_its_token(app: Flask) -> None:
    assert app.extensions["csrf"]._exempt_views == {
        "app.auth.unsubscribing.unsubscribe_now",
        "app.payments.webhook.stripe_webhook",  # asks for a signature
    }
    assert not app.extensions["csrf"]._exempt_blueprints
