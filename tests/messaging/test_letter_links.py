"""Links of letters that need no login: what each is for, until when, and that none is kept."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest

from app import clock
from app.messaging import letters as letter_module
from app.messaging import reminders, visit_links
from app.models import Appointment, OutboxMessage
from app.scheduling import changes
from app.scheduling.moves import Actor
from app.signing import Purpose
from tests.builders import a_doctor, a_patient, booked, policy
from tests.conftest import FrozenClock
from tests.messaging.conftest import BASE_URL, LINKS, html_of, in_three_days, outbox, text_of

PAGES = {"": Purpose.SEE_VISIT, "move/": Purpose.MOVE_VISIT, "cancel/": Purpose.CANCEL_VISIT}


def links_of(text: str) -> dict[str, str]:
    """The tokens that a letter's text carries, by the page that each leads to."""
    found = re.findall(rf"^{BASE_URL}/visit/([^/\s]+)/(\S*)$", text, re.MULTILINE)
    return {page: token for token, page in found}


def looked_at(message: OutboxMessage) -> letter_module.Letter | None:
    return letter_module.preview(
        message, BASE_URL, "no-reply@clinic.example", LINKS, at=clock.now()
    )


def test_a_visit_that_can_be_changed_has_one_link_for_each_thing(visit, letters) -> None:
    letters.run()
    tokens = links_of(letters.last_text)
    assert tokens.keys() == PAGES.keys()
    for page, token in tokens.items():
        for purpose in Purpose:
            served = LINKS.subject(purpose, token, clock.now())
            is_its_own = purpose is PAGES[page]
            assert served == (f"{visit.ref}:{visit.patient.user.ref}" if is_its_own else None)


def test_the_links_end_with_the_visit_and_the_details_a_month_later(visit, letters) -> None:
    letters.run()
    for page, token in links_of(letters.last_text).items():
        purpose = PAGES[page]
        ends_at = visit.ends_at + (timedelta() if page else timedelta(days=30))
        just_before = ends_at - timedelta(seconds=1)
        assert visit_links.read(LINKS, purpose, token, just_before) is not None
        assert visit_links.read(LINKS, purpose, token, ends_at) is None


def test_a_visit_that_can_no_longer_be_changed_online_has_a_link_to_its_details_only(
    clinic, letters
) -> None:
    policy(cancel_cutoff_hours=96)
    booked(a_patient(), a_doctor(), in_three_days())
    letters.run()
    assert links_of(letters.last_text).keys() == {""}


def test_a_cancelled_visit_has_no_such_link(visit, letters) -> None:
    letters.run()
    changes.cancel(visit, Actor.of(visit.patient.user), "", version=visit.version)
    letters.run()
    cancelled = letters.to(visit.patient.user)[-1]
    assert links_of(text_of(cancelled)) == {}


def test_a_doctor_gets_no_link_that_acts_for_the_patient(request_, letters) -> None:
    letters.run()
    (to_doctor,) = letters.to(request_.doctor.user)
    assert f"{BASE_URL}/visit/" not in text_of(to_doctor)
    assert f"{BASE_URL}/visit/" not in html_of(to_doctor)


def test_what_is_kept_of_a_letter_opens_nothing(visit, letters) -> None:
    letters.run()
    tokens = links_of(letters.last_text).values()
    (message,) = outbox()
    assert f"{BASE_URL}/visit/…/move/" in message.text
    assert f"{BASE_URL}/visit/…/cancel/" in message.html
    assert not [token for token in tokens if token in message.text + message.html]


def test_a_look_at_a_waiting_letter_shows_it_without_its_links_and_changes_nothing(
    visit, letters
) -> None:
    (message,) = outbox()
    before = (message.state, message.text, message.tries)
    letter = looked_at(message)
    assert letter is not None
    letters.run()
    sent = re.sub(r"/visit/[^/\s]+/", "/visit/…/", letters.last_text)
    assert letter.text == sent.replace("\r\n", "\n")
    assert letter.secrets == ()
    assert letter.headers == {}
    assert before == ("queued", "", 0)


def test_a_look_at_a_letter_that_would_dissolve_shows_nothing(visit) -> None:
    changes.cancel(visit, Actor.of(visit.doctor.user), "", version=visit.version)
    assert looked_at(outbox()[0]) is None


@pytest.fixture
def reminded(visit: Appointment, clinic: FrozenClock, letters: Any) -> Any:
    """A reminder, as it was sent."""
    letters.run()
    clinic.advance(hours=51)
    assert reminders.plan(clock.now()) == 1
    letters.run()
    assert visit.patient is not None
    return letters.to(visit.patient.user)[-1]


def test_reminders_can_be_ended_by_one_click_in_the_mailbox(reminded, visit) -> None:
    assert "Reminder" in reminded["Subject"]
    assert reminded["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    address = reminded["List-Unsubscribe"].strip("<>")
    token = address.removeprefix(f"{BASE_URL}/unsubscribe/").removesuffix("/")
    a_year_on = clock.now() + timedelta(days=365)
    served = LINKS.subject(Purpose.STOP_REMINDERS, token, a_year_on)
    assert served == visit.patient.user.ref
    assert f"Stop these messages:\n{address}\n" in text_of(reminded)


def test_the_address_that_ends_them_is_on_its_way_as_mailboxes_read_it(reminded) -> None:
    head = reminded.as_bytes().partition(b"\r\n\r\n")[0].split(b"\r\n")
    address = reminded["List-Unsubscribe"].encode()
    assert b"List-Unsubscribe: " + address in head
    assert b"List-Unsubscribe-Post: List-Unsubscribe=One-Click" in head


def test_only_reminders_and_agendas_can_be_ended_so(reminded, visit, letters) -> None:
    with_it = [email["Subject"] for email in letters.sent if email["List-Unsubscribe"]]
    assert with_it == [reminded["Subject"]]
    assert set(letter_module.STOPS) == {"appointment_reminder", "doctor_agenda"}


def test_what_is_kept_of_a_reminder_ends_nothing(reminded) -> None:
    token = reminded["List-Unsubscribe"].split("/")[-2]
    message = outbox()[-1]
    assert token not in message.text + message.html
    assert f"{BASE_URL}/unsubscribe/…/" in message.text
