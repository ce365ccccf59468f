"""The board flags patients who could not be told, with the number to call."""

from __future__ import annotations

import pytest
from sqlalchemy import update

from app import clock
from app.extensions import db
from app.models import MessageState, OutboxMessage, Patient, User
from app.transaction import rows_changed, transactional
from tests.builders import at
from tests.doctor.conftest import TODAY, Practice
from tests.pages import HTMX, ORIGIN
from tests.scheduling.conftest import queries

change = transactional(rows_changed)


def let_messages_be(practice: Practice, state: MessageState, error: str = "") -> None:
    with practice.app.app_context():
        values = {"state": state, "error": error, "sent_at": clock.now()}
        change(update(OutboxMessage).values(**values))


def telephone(practice: Practice, number: str | None) -> None:
    with practice.app.app_context():
        change(update(Patient).values(phone=number))


def tag(practice: Practice) -> str:
    client = practice.doctor.client
    address = f"/board/visits/?day={TODAY}"
    return client.get(address, headers=HTMX, base_url=ORIGIN).headers["HX-PTag"]


def test_who_could_not_be_told_is_flagged_with_the_number(practice: Practice) -> None:
    telephone(practice, "+49 30 1234")
    assert "Could not be told" not in practice.doctor.get("/board/").text
    let_messages_be(practice, MessageState.DEAD, "The mail server refuses the recipient: 550")
    page = practice.doctor.get("/board/")
    assert "Could not be told by e-mail. Call +49 30 1234" in page.text
    assert 'href="tel:+49301234"' in page.html
    assert "550" not in page.text
    telephone(practice, None)
    assert "No telephone number is known" in practice.doctor.get("/board/").text


def test_a_message_that_fails_is_said_before_it_is_given_up(practice: Practice) -> None:
    let_messages_be(practice, MessageState.FAILED, "The mail server did not answer in time: no")
    assert "Not told yet: our e-mail does not get through" in practice.doctor.get("/board/").text


def test_a_patient_without_an_address_is_to_be_told_by_people(practice: Practice) -> None:
    with practice.app.app_context():
        db.session.query(OutboxMessage).delete()
        db.session.commit()
        change(update(User).where(User.patient.has()).values(email="", confirmed_email=None))
    assert "No e-mail: tell the patient yourself" in practice.doctor.get("/board/").text


@pytest.mark.parametrize("state", [MessageState.SENT, MessageState.SET_ASIDE, MessageState.QUEUED])
def test_nobody_is_flagged_who_need_not_be_called(practice: Practice, state: MessageState) -> None:
    let_messages_be(practice, state)
    assert "board-refusal" not in practice.doctor.get("/board/").html


def test_nobody_is_flagged_whose_visit_is_over(practice: Practice) -> None:
    let_messages_be(practice, MessageState.DEAD)
    practice.wait_until(f"{TODAY} 10:30")
    assert "Could not be told" not in practice.doctor.get("/board/").text


def test_a_poll_shows_that_somebody_could_not_be_told(practice: Practice) -> None:
    before = tag(practice)
    assert tag(practice) == before
    let_messages_be(practice, MessageState.DEAD)
    dead = tag(practice)
    assert dead != before
    telephone(practice, "+49 30 1234")
    assert tag(practice) != dead


def test_the_visits_page_and_the_printed_day_say_it_too(practice: Practice) -> None:
    let_messages_be(practice, MessageState.DEAD, "The mail server refuses the recipient: 550")
    page = practice.doctor.get(f"/board/visit/{practice.ref}/")
    assert "Could not be told The mail server refuses the recipient" in page.text
    assert "/admin/messages/" not in page.html
    assert "Could not be told" in practice.doctor.get(f"/board/sheet/?day={TODAY}").text
    assert "/admin/messages/" in practice.admin().get(f"/board/visit/{practice.ref}/").html
    let_messages_be(practice, MessageState.SENT)
    assert "Told on Tue 24 Nov, 08:00" in practice.doctor.get(f"/board/visit/{practice.ref}/").text
    assert "told" not in practice.doctor.get(f"/board/sheet/?day={TODAY}").text.lower()


def test_a_hostile_error_stays_text(practice: Practice) -> None:
    let_messages_be(practice, MessageState.DEAD, "<script>alert(1)</script> it said: no")
    for address in ("/board/", f"/board/visit/{practice.ref}/", f"/board/sheet/?day={TODAY}"):
        assert "<script>alert" not in practice.doctor.get(address).html


def test_the_board_takes_as_many_queries_for_eight_as_for_one(practice: Practice) -> None:
    def cost() -> int:
        with practice.app.app_context(), queries() as seen:
            assert practice.doctor.get("/board/").status == 200
        return len(seen)

    practice.clock.move_to(at(f"{TODAY} 08:05"))
    cost()
    few = cost()
    for hour in range(11, 16):
        practice.book(f"{hour}:00")
    let_messages_be(practice, MessageState.DEAD)
    assert cost() == few
