"""What the board shows of a day."""

from __future__ import annotations

import re
from datetime import date

from sqlalchemy import select
from werkzeug.test import TestResponse

from app.extensions import db
from app.models import Closure, Doctor, HoursException, HoursExceptionKind, Location, Patient
from app.scheduling import visits
from app.scheduling.moves import Actor
from app.scheduling.visits import Step
from app.transaction import transactional
from tests.builders import a_doctor, a_location, a_patient, at, booked
from tests.doctor.conftest import TODAY, Practice, tap
from tests.pages import HTMX, ORIGIN
from tests.scheduling.conftest import queries


def test_the_board_opens_on_today_with_visits_in_order_of_time(practice: Practice) -> None:
    practice.book("09:00", "Zoe Adams")
    page = practice.doctor.get("/board/")
    assert page.status == 200
    assert "Tuesday 24 November" in page.text
    assert page.text.index("Zoe Adams") < page.text.index("Ines Carvalho")
    assert "2 visits" in page.text


def test_the_line_of_the_present_stands_between_what_was_and_what_comes(practice: Practice) -> None:
    practice.book("09:00", "Zoe Adams")
    practice.wait_until(f"{TODAY} 09:40")
    text = practice.doctor.get("/board/").text
    assert text.index("Zoe Adams") < text.index("Now 09:40") < text.index("Ines Carvalho")


def test_any_other_day_has_an_address(practice: Practice) -> None:
    page = practice.doctor.get("/board/?day=2026-11-25")
    assert "Wednesday 25 November" in page.text
    assert "Ines Carvalho" not in page.text
    assert 'href="/board/"' in page.html  # the way back to today


def test_a_day_that_makes_no_sense_is_today(practice: Practice) -> None:
    for day in ("9999-01-01", "2026-02-30", "yesterday", "٢٠٢٦-١١-٢٤"):
        page = practice.doctor.get(f"/board/?day={day}")
        assert page.status == 200
        assert "Tuesday 24 November" in page.text


def test_an_empty_day_says_how_many_times_are_open(practice: Practice) -> None:
    text = practice.doctor.get("/board/?day=2026-11-26").text
    assert "No visits yet" in text
    assert re.search(r"\d+ times open", text)


def test_a_day_off_says_so(practice: Practice) -> None:
    @transactional
    def take_off() -> None:
        doctor = db.session.scalars(select(Doctor)).one()
        off = HoursException(
            doctor_id=doctor.id,
            kind=HoursExceptionKind.TIME_OFF,
            starts_at=at("2026-11-26 00:00"),
            ends_at=at("2026-11-27 00:00"),
        )
        db.session.add(off)

    with practice.app.app_context():
        take_off()
    assert "Away on this day" in practice.doctor.get("/board/?day=2026-11-26").text


def test_a_closed_location_gives_its_reason(practice: Practice) -> None:
    @transactional
    def close() -> None:
        place = db.session.scalars(select(Location)).one()
        begin, end = at("2026-11-26 00:00"), at("2026-11-27 00:00")
        db.session.add(
            Closure(location_id=place.id, starts_at=begin, ends_at=end, reason="Water damage")
        )

    with practice.app.app_context():
        close()
    assert "Water damage" in practice.doctor.get("/board/?day=2026-11-26").text


def test_a_past_day_without_visits_says_that_nothing_was_booked(practice: Practice) -> None:
    assert "Nothing was booked" in practice.doctor.get("/board/?day=2026-11-20").text


def test_a_past_visit_is_proposed_for_closing_and_never_closed_by_itself(
    practice: Practice,
) -> None:
    practice.wait_until("2026-11-25 08:00")
    page = practice.doctor.get(f"/board/?day={TODAY}")
    assert "Not closed yet" in page.text
    assert "1 not closed yet" in page.text
    assert {"arrive", "no-show"} <= {form.action.split("/")[-2] for form in page.forms}
    assert practice.status.value == "confirmed"


def test_a_visit_of_another_day_cannot_be_marked_as_arrived_with_one_tap(
    practice: Practice,
) -> None:
    with practice.app.app_context():
        doctor = db.session.scalars(select(Doctor)).one()
        booked(a_patient(), doctor, at("2026-11-26 10:00"), doctor.visit_types[0])
    page = practice.doctor.get("/board/?day=2026-11-26")
    assert not [form for form in page.forms if form.action.endswith("/arrive/")]


def test_a_cancelled_visit_stays_and_explains_the_gap(practice: Practice) -> None:
    page = practice.doctor.get("/board/")
    tap(practice.doctor, page, "/cancel/", reason="The doctor is ill")
    text = practice.doctor.get("/board/").text
    assert "Cancelled: The doctor is ill" in text
    assert "0 visits" in text


def test_a_name_with_markup_is_shown_as_text(practice: Practice) -> None:
    practice.book("11:00", "<img src=x onerror=alert(1)>")
    html = practice.doctor.get("/board/").html
    assert "<img src=x" not in html
    assert "&lt;img src=x" in html


def test_the_day_is_the_one_of_the_doctors_place(practice: Practice) -> None:
    with practice.app.app_context():
        tokyo = a_location("Shibuya", "Asia/Tokyo")
        user_id = a_doctor("Aiko Mori", location=tokyo).user_id
    practice.clock.move_to(at(f"{TODAY} 17:00"))  # one in the morning of the next day in Tokyo
    page = practice.visitor(user_id).get("/board/")
    assert "Wednesday 25 November" in page.text


def test_an_unchanged_board_costs_an_empty_304(practice: Practice) -> None:
    tag = poll(practice).headers["HX-PTag"]
    again = poll(practice, tag)
    assert (again.status_code, again.data) == (304, b"")
    practice.book("11:00")
    assert poll(practice, tag).status_code == 200


def test_the_end_of_an_undo_reaches_an_open_board(practice: Practice) -> None:
    ref = practice.book("11:00", needs_approval=True)
    tap(practice.doctor, practice.doctor.get("/board/"), f"{ref}/approve/")
    practice.clock.advance(seconds=10)
    before = poll(practice)
    assert f"undo-{ref}" in before.text
    practice.clock.advance(seconds=25)
    after = poll(practice, before.headers["HX-PTag"])
    assert after.status_code == 200
    assert f"undo-{ref}" not in after.text


def test_a_poll_does_not_keep_a_session_alive(practice: Practice) -> None:
    answers = []
    for _ in range(4):
        practice.clock.advance(minutes=5)
        answers.append(poll(practice).status_code)
    assert answers == [200, 200, 401, 401]


def test_the_board_takes_as_many_queries_for_a_full_day_as_for_one_visit(
    practice: Practice,
) -> None:
    def cost() -> int:
        with practice.app.app_context(), queries() as seen:
            assert practice.doctor.get("/board/").status == 200
        return len(seen)

    practice.doctor.get("/board/")  # fills what is remembered
    one = cost()
    for hour in range(11, 17):
        for minute in ("00", "30"):
            practice.book(f"{hour}:{minute}")
    with practice.app.app_context():
        doctor = db.session.scalars(select(Doctor)).one()
        for step in (Step.ARRIVE, Step.START, Step.COMPLETE):
            visit = practice.visit()
            visits.take(db.session.merge(visit), step, Actor.of(doctor.user), version=visit.version)
    practice.doctor.get("/board/")
    assert cost() == one
    assert one <= 8


def test_a_doctor_who_waits_for_approval_is_told_so(practice: Practice) -> None:
    with practice.app.app_context():
        user_id = a_doctor("Emre Waiting", published=False).user_id
    page = practice.visitor(user_id).get("/board/")
    assert page.status == 200
    assert "Your account waits for approval" in page.text


def test_patients_and_strangers_do_not_see_the_board(practice: Practice) -> None:
    patient_id = practice.visit().patient_id
    with practice.app.app_context():
        user_id = db.session.get_one(Patient, patient_id).user_id
    patient = practice.visitor(user_id)
    for address in ("/board/", "/board/visits/", f"/board/visit/{practice.ref}/"):
        assert patient.get(address).status == 403
        assert practice.app.test_client().get(address).status_code == 303
    token = patient.get("/view-appointment/").form("/logout/").values
    for step in ("arrive", "cancel", "undo"):
        values = {**token, "version": "1", "reason": "Mine"}
        assert patient.post(f"/board/{practice.ref}/{step}/", values).status == 403


def test_an_admin_chooses_whose_board_it_is(practice: Practice) -> None:
    admin = practice.admin()
    assert "Whose board?" in admin.get("/board/").text
    with practice.app.app_context():
        doctor_ref = db.session.scalars(select(Doctor)).one().ref
    page = admin.get(f"/board/?doctor={doctor_ref}")
    assert "Ines Carvalho" in page.text
    assert f"/board/visits/?day={TODAY}&amp;doctor={doctor_ref}" in page.html
    assert admin.get("/board/?doctor=nobody").status == 404


def test_a_visit_has_a_page_with_the_patients_contact_and_history(practice: Practice) -> None:
    page = practice.doctor.get(f"/board/visit/{practice.ref}/")
    assert page.status == 200
    assert "Confirmed by Ines Carvalho" in page.text
    assert "@example.org" in page.text
    assert date(2026, 11, 24).strftime("%A") in page.text


def poll(practice: Practice, tag: str = "") -> TestResponse:
    """What an open board asks every few seconds."""
    address, headers = f"/board/visits/?day={TODAY}", {**HTMX, "HX-PTag": tag}
    return practice.doctor.client.get(address, headers=headers, base_url=ORIGIN)
