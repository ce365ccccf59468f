"""What a message says, from what is true when it is sent; and when it says nothing any more."""

from __future__ import annotations

from datetime import timedelta

import html5lib
import pytest
from icalendar import Calendar

from app.accounts import links
from app.clock import tick_of
from app.extensions import db
from app.messaging import outbox as outgoing
from app.messaging import stationery
from app.models import Doctor, MessageKind, MessageState, Role, TokenPurpose, VisitMode
from app.scheduling import changes, visits
from app.scheduling.moves import Actor
from app.scheduling.visits import Step
from app.transaction import transactional
from tests.builders import a_doctor, a_location, a_patient, a_user, a_visit_type, booked, policy
from tests.messaging.conftest import BASE_URL, html_of, in_three_days, outbox, text_of

put = transactional(outgoing.put)


def states(of=None) -> list[tuple[str, str]]:
    """What became of the messages, or of those to one user, in order."""
    found = [message for message in outbox() if of is None or message.user_id == of.id]
    return [(message.kind.value, message.state.value) for message in found]


def facts_of(email) -> dict[str, str]:
    """What the HTML twin has in its table, by label."""
    rows = html5lib.parse(html_of(email), namespaceHTMLElements=False).iter("tr")
    pairs = [list(row) for row in rows if row.find("th") is not None]
    return {"".join(th.itertext()): "".join(td.itertext()) for th, td in pairs}


def calendar_of(email):
    """The method, and the calendar that mail programs look for among the alternatives."""
    part = next(p for p in email.walk() if p.get_content_type() == "text/calendar")
    return part["Content-Type"].params["method"], Calendar.from_ical(part.get_content())


def test_a_confirmation_says_when_where_what_and_how_to_change_it(visit, letters) -> None:
    letters.run()
    assert letters.sent[0]["Subject"] == "Your visit on Friday 27 November, 10:30 is confirmed"
    for words in (
        "Hello Ines Alva,",
        "Friday 27 November, 10:30 to 11:00, Berlin time (UTC+1)",
        "Dr. Ada Berg",
        "Main Street Practice, Main Street 1, Berlin",
        "To prepare: Bring your insurance card.",
        "€45.00, pay at the clinic",
        f"Reference: {visit.ref}",
        "until Thursday 26 November, 10:30",
    ):
        assert words in letters.last_text


def test_the_html_twin_says_the_same_in_a_table(visit, letters) -> None:
    letters.run()
    facts = facts_of(letters.sent[0])
    assert facts["Price"] == "€45.00, pay at the clinic"
    for label, value in facts.items():
        assert f"\n  {label}: {value}\n" in letters.last_text


def test_a_confirmation_carries_the_visit_for_the_calendar(visit, letters) -> None:
    letters.run()
    method, calendar = calendar_of(letters.sent[0])
    assert method == "REQUEST"
    assert calendar.events[0]["DTSTART"].dt == visit.starts_at


def test_an_online_visit_says_the_time_where_the_patient_is(clinic, letters) -> None:
    online = a_visit_type("Talk", mode=VisitMode.ONLINE)
    booked(a_patient(zone="Asia/Tokyo"), a_doctor(visit_types=[online]), in_three_days())
    letters.run()
    assert "Where: Online" in letters.last_text
    assert "Where you are: Friday 27 November, 18:30, Tokyo time (UTC+9)" in letters.last_text


def test_a_visit_elsewhere_is_told_by_the_wall_of_its_place(clinic, letters) -> None:
    place = a_location("Lisbon", zone="Europe/Lisbon")
    booked(a_patient(zone="Asia/Tokyo"), a_doctor(location=place), in_three_days())
    letters.run()
    assert "09:30 to 10:00, Lisbon time (UTC+0)" in letters.last_text
    assert "Tokyo" not in letters.last_text


def test_a_request_goes_to_the_patient_and_to_the_doctor(request_, letters) -> None:
    assert letters.run() == 2
    to_patient, to_doctor = letters.sent
    assert "Dr. Ada Berg answers each request" in text_of(to_patient)
    assert to_doctor["To"] == request_.doctor.user.email
    assert f"{BASE_URL}/board/visit/{request_.ref}/\n" in text_of(to_doctor)


def test_a_request_that_was_answered_before_its_mail_went_dissolves(request_, letters) -> None:
    actor = Actor.of(request_.doctor.user)
    visits.take(request_, Step.APPROVE, actor, version=request_.version)
    assert letters.run() == 0
    assert states()[:2] == [
        ("appointment_requested", "dissolved"),
        ("doctor_request", "dissolved"),
    ]


def test_an_approval_waits_until_it_can_no_longer_be_taken_back(request_, clinic, letters) -> None:
    letters.run()
    visits.take(request_, Step.APPROVE, Actor.of(request_.doctor.user), version=request_.version)
    assert letters.run() == 0
    clinic.advance(seconds=31)
    assert letters.run() == 1
    assert "is confirmed" in letters.sent[-1]["Subject"]


def test_an_approval_that_was_taken_back_in_time_is_never_told(request_, clinic, letters) -> None:
    letters.run()
    actor = Actor.of(request_.doctor.user)
    visits.take(request_, Step.APPROVE, actor, version=request_.version)
    visits.undo(request_, actor, version=request_.version)
    clinic.advance(seconds=31)
    assert letters.run() == 0
    assert states()[-1] == ("appointment_confirmed", "dissolved")


def test_an_approval_given_twice_is_told_once_and_after_the_second_wait(
    request_, clinic, letters
) -> None:
    letters.run()
    actor = Actor.of(request_.doctor.user)
    visits.take(request_, Step.APPROVE, actor, version=request_.version)
    clinic.advance(seconds=20)
    visits.undo(request_, actor, version=request_.version)
    visits.take(request_, Step.APPROVE, actor, version=request_.version)
    clinic.advance(seconds=20)
    assert letters.run() == 0
    clinic.advance(seconds=20)
    assert letters.run() == 1


def test_a_declined_request_says_the_reason_and_the_way_on(request_, clinic, letters) -> None:
    letters.run()
    actor = Actor.of(request_.doctor.user)
    visits.decline(request_, actor, "I am at a congress.", version=request_.version)
    clinic.advance(seconds=31)
    letters.run()
    assert "was declined" in letters.sent[-1]["Subject"]
    assert "Reason: I am at a congress." in letters.last_text
    assert f"{BASE_URL}/appointment/?doctor={request_.doctor.ref}" in letters.last_text


def test_a_visit_cancelled_before_its_confirmation_went_has_one_message(visit, letters) -> None:
    changes.cancel(visit, Actor.of(visit.patient.user), "", version=visit.version)
    letters.run()
    assert states(visit.patient.user) == [
        ("appointment_confirmed", "dissolved"),
        ("appointment_cancelled", "sent"),
    ]
    method, calendar = calendar_of(letters.sent[0])
    assert (method, str(calendar.events[0]["STATUS"])) == ("CANCEL", "CANCELLED")
    assert calendar.events[0]["SEQUENCE"] == 1


@pytest.mark.parametrize(
    ("who", "says"),
    [
        ("patient", "You have cancelled this visit."),
        ("doctor", "We are sorry: Dr. Ada Berg had to cancel this visit."),
        ("admin", "We are sorry: the clinic had to cancel this visit."),
    ],
)
def test_a_cancellation_says_by_whom_and_why_and_whom_to_call(
    visit, clinic, letters, who, says
) -> None:
    policy(phone="030 1234", email="desk@clinic.example")
    by = {"patient": visit.patient.user, "doctor": visit.doctor.user, "admin": a_user(Role.ADMIN)}
    changes.cancel(visit, Actor.of(by[who]), "A burst pipe.", version=visit.version)
    clinic.advance(seconds=31)
    letters.run()
    text = text_of(letters.to(visit.patient.user)[-1])
    for words in (says, "  Reason: A burst pipe.\n", "030 1234", "desk@clinic.example"):
        assert words in text


def test_a_move_says_the_old_and_the_new_time(visit, letters) -> None:
    letters.run()
    new = tick_of(visit.starts_at + timedelta(hours=1))
    changes.move(visit, Actor.of(visit.doctor.user), new, version=visit.version)
    letters.run()
    facts = facts_of(letters.to(visit.patient.user)[-1])
    assert facts["When"] == "Friday 27 November, 11:30 to 12:00, Berlin time (UTC+1)"
    assert facts["Before"] == "Friday 27 November, 10:30, Berlin time (UTC+1)"


def test_whoever_is_to_call_is_told_the_number_of_the_place(clinic, letters) -> None:
    policy(phone="030 1234")
    place = a_location("Main Street Practice")
    place.phone = "040 9876"
    db.session.commit()
    booked(a_patient(), a_doctor(location=place), in_three_days())
    letters.run()
    assert "please call the clinic: 040 9876\n" in letters.last_text


def test_a_cancellation_taken_back_in_time_is_never_told(visit, clinic, letters) -> None:
    letters.run()
    actor = Actor.of(visit.doctor.user)
    visits.decline(visit, actor, "I am ill.", version=visit.version)
    visits.undo(visit, actor, version=visit.version)
    clinic.advance(seconds=31)
    assert letters.run() == 0
    assert states()[-1] == ("appointment_cancelled", "dissolved")


def test_moves_in_quick_succession_make_one_message_from_the_time_last_told(visit, letters) -> None:
    letters.run()
    told, patient = visit.starts_at, Actor.of(visit.patient.user)
    for hours in (1, 2):
        new = tick_of(told + timedelta(hours=hours))
        changes.move(visit, patient, new, version=visit.version)
    letters.run()
    _, moved = letters.to(visit.patient.user)
    assert moved["Subject"] == "Your visit has moved to Friday 27 November, 12:30"
    assert "Your visit on Friday 27 November, 10:30 has moved." in text_of(moved)
    assert calendar_of(moved)[1].events[0]["SEQUENCE"] == 2


def test_the_confirmation_of_a_visit_that_is_over_dissolves(visit, clinic, letters) -> None:
    clinic.advance(days=5)
    assert letters.run() == 0


def test_a_name_greets_only_whoever_has_confirmed_the_address(clinic, letters) -> None:
    stranger = a_patient("Win now at evil.example", confirmed_email=None)
    booked(stranger, a_doctor(), in_three_days())
    letters.run()
    assert "Hello,\n" in letters.last_text
    assert "evil.example" not in letters.last_text


@pytest.mark.parametrize(
    ("kind", "purpose", "page"),
    [
        (MessageKind.CONFIRM_EMAIL, TokenPurpose.CONFIRM_EMAIL, "confirm-email"),
        (MessageKind.RESET_PASSWORD, TokenPurpose.RESET_PASSWORD, "reset-password"),
        (MessageKind.INVITATION, TokenPurpose.INVITATION, "invitation"),
        (MessageKind.ALREADY_REGISTERED, TokenPurpose.CONFIRM_EMAIL, "confirm-email"),
    ],
)
def test_a_link_goes_out_once_and_is_not_kept(clinic, letters, kind, purpose, page) -> None:
    user = a_user(confirmed_email=None)
    token = links.issue(user, purpose)
    put(kind, user, "once", details={"token": token})
    letters.run()
    assert f"\n{BASE_URL}/{page}/{token}/\n" in letters.last_text
    (message,) = outbox()
    assert message.state is MessageState.SENT
    assert token not in message.text + message.subject + str(message.details)


def test_a_link_that_has_grown_old_in_the_outbox_is_not_sent_and_not_kept(clinic, letters) -> None:
    user = a_user()
    token = links.issue(user, TokenPurpose.RESET_PASSWORD)
    put(MessageKind.RESET_PASSWORD, user, "once", details={"token": token})
    clinic.advance(hours=2)
    assert letters.run() == 0
    (message,) = outbox()
    assert (message.state, message.details) == (MessageState.DISSOLVED, {})


def test_who_has_an_account_already_is_shown_the_ways_into_it(clinic, letters) -> None:
    put(MessageKind.ALREADY_REGISTERED, a_user(), "once")
    letters.run()
    assert f"{BASE_URL}/login/" in letters.last_text
    assert f"{BASE_URL}/forgot-password/" in letters.last_text
    assert "confirm-email" not in letters.last_text


def test_a_changed_password_says_when_by_the_wall_of_its_owner(clinic, letters) -> None:
    put(MessageKind.PASSWORD_CHANGED, a_user(zone="Asia/Tokyo"), "once")
    letters.run()
    assert "Tuesday 24 November, 16:00, Tokyo time (UTC+9)" in letters.last_text


def test_an_approved_doctor_is_led_to_the_door(clinic, letters) -> None:
    doctor: Doctor = a_doctor()
    put(MessageKind.DOCTOR_APPROVED, doctor.user, "once")
    letters.run()
    assert f"{BASE_URL}/login/" in letters.last_text


def test_a_clinic_that_forbids_late_changes_says_so(clinic, letters) -> None:
    policy(cancel_cutoff_hours=96, phone="030 1234")
    booked(a_patient(), a_doctor(), in_three_days())
    letters.run()
    assert "can no longer be moved or cancelled online" in letters.last_text
    assert "Telephone 030 1234" in letters.last_text


def test_every_kind_of_message_has_a_template() -> None:
    for kind in MessageKind:
        assert "en" in stationery.languages_of(kind.value), kind
