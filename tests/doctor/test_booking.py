"""Booking for a patient at the desk: whom, what, when; follow-ups; overbooking in two steps."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from app.extensions import db
from app.models import Appointment, Doctor, Patient, User
from app.models import AppointmentStatus as Status
from app.scheduling import visits
from app.scheduling.moves import Actor
from app.scheduling.visits import Step
from app.transaction import transactional
from tests.builders import a_doctor, a_patient, a_visit_type, at, booked, tick
from tests.doctor.conftest import Practice
from tests.pages import HTMX, Form, Page, Visitor

THURSDAY = "2026-11-26"


def ines(practice: Practice) -> str:
    """The reference by which the desk knows Ines Carvalho."""
    with practice.app.app_context():
        wanted = select(User.ref).where(User.name == "Ines Carvalho")
        return db.session.scalars(wanted).one()


def kind(practice: Practice, name: str = "First visit") -> str:
    with practice.app.app_context():
        doctor = db.session.scalars(select(Doctor).order_by(Doctor.id)).first()
        assert doctor is not None
        return next(one.ref for one in doctor.visit_types if one.name == name)


def address(practice: Practice, *, page: str = "", name: str = "First visit", **more: str) -> str:
    query = {"patient": ines(practice), "type": kind(practice, name), "day": THURSDAY, **more}
    asked = "&".join(f"{key}={value}" for key, value in query.items() if value)
    return f"/board/book/{page}?{asked}"


def newest(practice: Practice) -> Appointment:
    with practice.app.app_context():
        latest = select(Appointment).order_by(Appointment.id.desc())
        return db.session.scalars(latest).unique().first()  # type: ignore[return-value]


def book_at(practice: Practice, text: str, visitor: Visitor | None = None, **more: str) -> Page:
    """Look at the review of a time, and press the button."""
    someone = visitor or practice.doctor
    page = someone.get(address(practice, at=str(tick(text)), **more))
    return someone.submit(page.form("/board/book/"), reason="Stitches out")


def test_a_doctor_books_for_a_patient_of_theirs(practice: Practice) -> None:
    found = practice.doctor.get("/board/book/?q=ines")
    assert "Ines Carvalho" in found.text
    assert f'href="/board/book/?patient={ines(practice)}"' in found.html
    page = practice.doctor.get(f"/board/book/?patient={ines(practice)}")
    assert "Book for Ines Carvalho" in page.text
    assert "First visit" in page.text
    page = practice.doctor.get(address(practice))
    assert f"at={tick(f'{THURSDAY} 10:00')}" in page.html
    done = book_at(practice, f"{THURSDAY} 10:00")
    assert "Ines Carvalho is booked for Thursday 26 November, 10:00" in done.text
    visit = newest(practice)
    assert (visit.status, visit.reason) == (Status.CONFIRMED, "Stitches out")
    assert done.address == f"/board/visit/{visit.ref}/"
    assert "Confirmed by you" in done.text


def test_what_needs_approval_is_confirmed_when_the_doctor_books_it(practice: Practice) -> None:
    book_at(practice, f"{THURSDAY} 10:00", name="Surgery")
    assert newest(practice).status is Status.CONFIRMED


def test_an_admin_chooses_the_doctor_first(practice: Practice) -> None:
    admin = practice.admin()
    page = admin.get("/board/book/")
    assert "With which doctor?" in page.text
    with practice.app.app_context():
        ref = db.session.scalars(select(Doctor)).one().ref
    page = admin.get(f"/board/book/?doctor={ref}&q=ines")
    assert "Ines Carvalho" in page.text
    done = book_at(practice, f"{THURSDAY} 10:00", admin, doctor=ref)
    assert "is booked for Thursday 26 November, 10:00" in done.text
    assert newest(practice).status is Status.CONFIRMED


def test_another_doctors_patient_is_neither_found_nor_reached(practice: Practice) -> None:
    with practice.app.app_context():
        other = a_doctor("Bea Cruz", visit_types=[a_visit_type("Other")])
        booked(a_patient("Iris Other", "iris@example.org"), other, at(f"{THURSDAY} 10:00"))
        ref = db.session.scalars(select(User.ref).where(User.name == "Iris Other")).one()
    assert "Nobody fits" in practice.doctor.get("/board/book/?q=iris").text
    assert practice.doctor.get(f"/board/book/?patient={ref}").status == 404
    page = practice.doctor.get("/board/book/?q=Iris@example.org")
    assert "Iris Other" in page.text
    assert f"patient={ref}&amp;email=" in page.html
    reached = practice.doctor.get(f"/board/book/?patient={ref}&email=iris@example.org")
    assert "Book for Iris Other" in reached.text


def test_a_forged_form_for_another_doctors_patient_is_not_found(practice: Practice) -> None:
    with practice.app.app_context():
        ref = a_patient("Iris Other").user.ref
    page = practice.doctor.get(address(practice, at=str(tick(f"{THURSDAY} 10:00"))))
    answer = practice.doctor.submit(page.form("/board/book/"), patient=ref)
    assert answer.status == 404
    assert newest(practice).ref == practice.ref


def test_a_new_patient_is_made_and_booked_for(practice: Practice) -> None:
    page = practice.doctor.get("/board/book/new-patient/?q=Nora Neu")
    form = page.form("/board/book/new-patient/")
    assert form.values["name"] == "Nora Neu"
    page = practice.doctor.submit(form, email="nora@example.org", phone="+49 30 5550")
    assert "Book for Nora Neu" in page.text
    assert "mailed an invitation to nora@example.org" in page.text


def test_a_new_patient_with_a_known_address_is_led_to_the_one_that_is_there(
    practice: Practice,
) -> None:
    with practice.app.app_context():
        a_patient("Iris Other", "iris@example.org")
    form = practice.doctor.get("/board/book/new-patient/").form("/board/book/new-patient/")
    page = practice.doctor.submit(form, name="Iris", email="iris@example.org")
    assert page.status == 409
    assert 'href="/board/book/?q=iris@example.org"' in page.html
    assert 'value="Iris"' in page.html


@pytest.mark.parametrize(
    ("field", "typed", "sentence"),
    [
        ("name", "", "Enter the name as they"),
        ("email", "nora", "Enter an e-mail address"),
        ("phone", "call me", "Enter a telephone number"),
    ],
)
def test_a_form_that_lacks_something_says_it_beside_the_field(
    practice: Practice, field: str, typed: str, sentence: str
) -> None:
    form = practice.doctor.get("/board/book/new-patient/").form("/board/book/new-patient/")
    typed_in = {"name": "Nora Neu", "email": "nora@example.org", "phone": "", field: typed}
    form.values |= typed_in
    page = practice.doctor.submit(form)
    assert page.status == 422
    assert sentence in page.text


def test_a_time_that_went_meanwhile_is_refused_and_three_others_are_offered(
    practice: Practice,
) -> None:
    page = practice.doctor.get(address(practice, at=str(tick(f"{THURSDAY} 10:00"))))
    form = page.form("/board/book/")
    with practice.app.app_context():
        doctor = db.session.scalars(select(Doctor)).one()
        booked(a_patient(), doctor, at(f"{THURSDAY} 10:00"), doctor.visit_types[0])
    answer = practice.doctor.submit(form, reason="Stitches out")
    assert answer.status == 409
    assert "Somebody else has just taken this time." in answer.text
    offers = answer.form("/board/book/")
    assert [value for name, value in offers.buttons if name == "at"] == [
        str(tick(f"{THURSDAY} {time}")) for time in ("09:15", "09:30", "10:30")
    ]
    assert offers.values["reason"] == "Stitches out"
    done = practice.doctor.submit(offers, at=str(tick(f"{THURSDAY} 10:30")))
    assert "is booked for Thursday 26 November, 10:30" in done.text


def test_the_patients_own_appointment_is_said_in_words(practice: Practice) -> None:
    with practice.app.app_context():
        other = a_doctor("Bea Cruz", visit_types=[a_visit_type("Other")])
        patient = db.session.scalars(
            select(Patient).join(Patient.user).where(User.name == "Ines Carvalho")
        ).one()
        booked(patient, other, at(f"{THURSDAY} 10:00"))
    answer = book_at(practice, f"{THURSDAY} 10:00")
    assert answer.status == 409
    assert "Ines Carvalho has another appointment at this time." in answer.text
    assert "Bea Cruz" not in answer.text


def test_a_reason_that_is_too_long_stays_beside_its_sentence(practice: Practice) -> None:
    page = practice.doctor.get(address(practice, at=str(tick(f"{THURSDAY} 10:00"))))
    answer = practice.doctor.submit(page.form("/board/book/"), reason="a" * 501)
    assert answer.status == 422
    assert "Use at most 500 characters." in answer.text
    assert "a" * 501 in answer.html


def test_a_taken_time_needs_a_second_step_that_says_what_it_collides_with(
    practice: Practice,
) -> None:
    asked = address(practice, page="overbook/", day="2026-11-24", time="10:15")
    practice.book("12:00", "Rita Rocha")
    page = practice.doctor.get(asked)
    assert "Overbook this time?" in page.text
    assert "10:00 to 10:30, Ines Carvalho" in page.text
    assert newest(practice).is_overbooked is False
    form = page.form("/board/book/overbook/")
    unsaid = practice.doctor.submit(form)
    assert unsaid.status == 422
    assert "Write why" in unsaid.text


def test_an_overbooked_visit_is_marked_everywhere(practice: Practice) -> None:
    with practice.app.app_context():
        doctor = db.session.scalars(select(Doctor)).one()
        booked(a_patient("Rita Rocha"), doctor, at(f"{THURSDAY} 10:00"), doctor.visit_types[0])
    page = practice.doctor.get(address(practice, page="overbook/", time="10:00"))
    assert "Rita Rocha" in page.text
    done = practice.doctor.submit(page.form("/board/book/overbook/"), word="In great pain")
    visit = newest(practice)
    assert visit.is_overbooked
    assert "Overbooked by Ada Berg" in done.text
    assert "Overbooked on purpose by you In great pain" in done.text
    board = practice.doctor.get(f"/board/?day={THURSDAY}").text
    assert "Rita Rocha" in board
    assert "Overbooked by Ada Berg" in board
    for where in (f"/board/week/?day={THURSDAY}", "/board/find/", f"/board/sheet/?day={THURSDAY}"):
        assert "overbooked" in practice.doctor.get(where).text.lower()
    assert "Overbooked" in practice.admin().get("/admin/appointments/").text


def test_outside_the_hours_the_same_step_is_wanted(practice: Practice) -> None:
    page = practice.doctor.get(address(practice, page="overbook/", time="20:00"))
    assert "Outside working hours." in page.text
    assert "No other visit is at this time." in page.text
    practice.doctor.submit(page.form("/board/book/overbook/"), word="After work")
    assert newest(practice).starts_at == at(f"{THURSDAY} 20:00")


def test_an_open_time_leads_back_to_booking_as_usual(practice: Practice) -> None:
    page = practice.doctor.get(address(practice, page="overbook/", time="10:00"))
    assert page.status == 303
    assert f"at={tick(f'{THURSDAY} 10:00')}" in page.location
    assert "overbook" not in page.location


def test_what_stands_in_the_way_since_is_shown_before_anything_is_booked(
    practice: Practice,
) -> None:
    page = practice.doctor.get(address(practice, page="overbook/", time="08:45"))
    with practice.app.app_context():
        doctor = db.session.scalars(select(Doctor)).one()
        booked(a_patient("Rita Rocha"), doctor, at(f"{THURSDAY} 09:00"), doctor.visit_types[0])
    answer = practice.doctor.submit(page.form("/board/book/overbook/"), word="In great pain")
    assert answer.status == 409
    assert "Meanwhile something else stands in the way." in answer.text
    assert "Rita Rocha" in answer.text
    assert "In great pain" in answer.text
    assert newest(practice).is_overbooked is False
    practice.doctor.submit(answer.form("/board/book/overbook/"))
    assert newest(practice).is_overbooked


@pytest.mark.parametrize("time", ["", "10:03", "25:00", "noon"])
def test_a_time_that_makes_no_sense_is_said(practice: Practice, time: str) -> None:
    page = practice.doctor.get(address(practice, page="overbook/", time=time or "x"))
    assert page.status == 422
    assert "steps of five minutes" in page.text


def completed(practice: Practice) -> str:
    with practice.app.app_context():
        visit = db.session.scalars(select(Appointment).where(Appointment.ref == practice.ref)).one()
        for step in (Step.START, Step.COMPLETE):
            visits.take(visit, step, Actor.of(visit.doctor.user), version=visit.version)
    return f"/board/visit/{practice.ref}/follow-up/"


def offers_of(page: Page) -> Form:
    """The form whose buttons book."""
    return next(form for form in page.forms if form.method == "post" and form.buttons)


def test_a_finished_visit_offers_a_follow_up(practice: Practice) -> None:
    where = f"/board/visit/{practice.ref}/"
    assert "Follow-up" not in practice.doctor.get(where).text
    completed(practice)
    assert f'href="{where}follow-up/"' in practice.doctor.get(where).html


def test_a_follow_up_is_three_openings_near_the_date_and_one_tap(practice: Practice) -> None:
    page = practice.doctor.get(f"{completed(practice)}?weeks=4")
    assert "Near Tuesday 22 December" in page.text
    form = offers_of(page)
    times = [f"2026-12-22 {time}" for time in ("09:45", "10:00", "10:15")]
    assert form.buttons == [("at", str(tick(time))) for time in times]
    done = practice.doctor.submit(form, at=form.buttons[1][1])
    assert "Ines Carvalho is booked for Tuesday 22 December, 10:00" in done.text
    assert newest(practice).starts_at == at("2026-12-22 10:00")


def test_a_follow_up_takes_a_wished_date_and_another_visit_type(practice: Practice) -> None:
    where = completed(practice)
    page = practice.doctor.get(f"{where}?on=2026-12-03&type={kind(practice, 'Surgery')}")
    assert "Near Thursday 3 December" in page.text
    form = offers_of(page)
    practice.doctor.submit(form, at=form.buttons[1][1])
    visit = newest(practice)
    assert visit.starts_at == at("2026-12-03 10:00")
    assert visit.status is Status.CONFIRMED


def test_a_follow_up_beyond_the_horizon_says_how_far_the_calendar_is_open(
    practice: Practice,
) -> None:
    page = practice.doctor.get(f"{completed(practice)}?weeks=12")
    assert "The calendar is open until Saturday 23 January 2027." in page.text
    assert len(offers_of(page).buttons) == 3


def test_a_follow_up_of_a_visit_to_come_is_refused(practice: Practice) -> None:
    page = practice.doctor.get(f"/board/visit/{practice.ref}/follow-up/")
    assert page.status == 409
    assert "once the visit is completed" in page.text


def test_a_follow_up_that_somebody_took_meanwhile_shows_others(practice: Practice) -> None:
    page = practice.doctor.get(f"{completed(practice)}?weeks=1")
    form = offers_of(page)
    with practice.app.app_context():
        doctor = db.session.scalars(select(Doctor)).one()
        booked(a_patient(), doctor, at("2026-12-01 10:00"), doctor.visit_types[0])
    answer = practice.doctor.submit(form, at=str(tick("2026-12-01 10:00")))
    assert answer.status == 409
    assert "Somebody else has just taken this time." in answer.text
    assert len(offers_of(answer).buttons) == 3


def test_the_live_search_answers_with_its_part_alone(practice: Practice) -> None:
    part = practice.doctor.get("/board/book/?q=ines", **HTMX)
    assert part.html.lstrip().startswith('<div id="patients"')
    assert "<html" not in part.html


def test_the_board_the_week_and_an_open_time_lead_to_the_desk(practice: Practice) -> None:
    assert f"/board/book/?day={THURSDAY}" in practice.doctor.get(f"/board/?day={THURSDAY}").html
    assert 'href="/board/book/"' in practice.doctor.get("/board/week/").html
    start = tick(f"{THURSDAY} 10:00")
    why = practice.doctor.get(f"/board/week/why/?at={start}")
    href = f"/board/book/?type={kind(practice)}&amp;at={start}"
    assert f'href="{href}"' in why.html
    found = practice.doctor.get(f"/board/book/?type={kind(practice)}&at={start}&q=ines")
    assert f"type={kind(practice)}" in found.html
    page = practice.doctor.get(address(practice, at=str(start)))
    assert "Thursday 26 November, 10:00" in page.text


def test_a_doctor_who_is_hidden_is_told_why_nothing_can_be_booked(practice: Practice) -> None:
    with practice.app.app_context():
        hide()
    assert "You are not shown to the public" in practice.doctor.get("/board/book/").text
    with practice.app.app_context():
        ref = db.session.scalars(select(Doctor)).one().ref
    assert "is not published" in practice.admin().get(f"/board/book/?doctor={ref}").text


@transactional
def hide() -> None:
    db.session.scalars(select(Doctor)).one().is_published = False
