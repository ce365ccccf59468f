"""The agenda: a week or a day of a doctor, and why a time can be booked or not."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import select

from app.clock import tick_of
from app.extensions import db
from app.models import Appointment, Doctor, HoursException, HoursExceptionKind
from app.scheduling import holds
from app.scheduling.holders import Holder
from app.transaction import transactional
from tests.builders import a_doctor, a_location, a_patient, at, booked, tick, works
from tests.doctor.conftest import TODAY, Practice
from tests.pages import HTMX, ORIGIN
from tests.scheduling.conftest import queries

WHY = "/board/week/why/?at={}"


def why(practice: Practice, text: str) -> str:
    return practice.doctor.get(WHY.format(tick(text)), **HTMX).text


def hold(practice: Practice, text: str) -> None:
    with practice.app.app_context():
        doctor = db.session.scalars(select(Doctor)).one()
        kind = doctor.visit_types[0].ref
        holds.hold(Holder("a stranger's"), doctor.ref, kind, tick(text), "a key")


def test_the_week_opens_on_the_present_one_with_its_visits(practice: Practice) -> None:
    page = practice.doctor.get("/board/week/")
    assert page.status == 200
    assert "Mon 23 Nov to Sun 29 Nov 2026" in page.text
    assert f'href="/board/visit/{practice.ref}/"' in page.html
    assert "Ines Carvalho" in page.text
    assert page.html.count('aria-labelledby="head-') == 7


def test_a_visit_stands_on_its_own_day(practice: Practice) -> None:
    html = practice.doctor.get("/board/week/").html
    tuesday = html[html.index('id="day-2026-11-24"') : html.index('id="day-2026-11-25"')]
    assert "Ines Carvalho" in tuesday
    assert html.count("Ines Carvalho") == 1


def test_the_day_shows_one_day_and_its_reasons(practice: Practice) -> None:
    page = practice.doctor.get("/board/week/?view=day")
    assert "Tuesday 24 November" in page.text
    assert page.html.count('aria-labelledby="head-') == 1
    assert "A reason" in page.text
    assert 'href="/board/sheet/"' in page.html


def test_one_goes_on_back_and_to_the_present(practice: Practice) -> None:
    html = practice.doctor.get("/board/week/?day=2026-12-01").html
    for address in ("?day=2026-11-24", "?day=2026-12-08"):
        assert f'href="/board/week/{address}"' in html
    assert re.search(r'href="/board/week/"[^>]*>.*?This week', html, re.DOTALL)
    day = practice.doctor.get("/board/week/?view=day&day=2026-12-01").html
    assert 'href="/board/week/?day=2026-12-02&amp;view=day"' in day


def test_openings_carry_a_word_and_full_times_do_not(practice: Practice) -> None:
    html = practice.doctor.get("/board/week/").html
    assert f'id="at-{tick("2026-11-26 09:00")}"' in html
    cell = html[html.index(f'id="at-{tick("2026-11-26 09:00")}"') :].split("</a>")[0]
    assert "open" in cell
    assert f'id="at-{tick(f"{TODAY} 10:00")}"' not in html  # Ines Carvalho's


def test_a_time_at_which_nothing_opens_has_one_line_for_all_of_it(practice: Practice) -> None:
    day = practice.doctor.get("/board/week/?view=day&day=2026-11-26").text
    assert "08:00 – 09:00 No hours" in day
    assert "17:00 – 18:00 No hours" in day
    assert "09:00 open" in day


def test_a_visit_in_another_zone_says_the_time_there(practice: Practice) -> None:
    with practice.app.app_context():
        doctor = db.session.scalars(select(Doctor)).one()
        works(doctor, a_location("Shibuya", "Asia/Tokyo"), 5, "00:00-06:00")
        booked(a_patient("Aiko Mori"), doctor, at("2026-11-26 17:30"), doctor.visit_types[0])
    for address in ("/board/week/", "/board/week/?view=day&day=2026-11-26"):
        text = practice.doctor.get(address).text
        assert "17:30 Aiko Mori Fri 27 Nov, 01:30 Tokyo time (UTC+9) Confirmed" in text
        assert "All times in Berlin time" in text
    here = practice.doctor.get(f"/board/week/?view=day&day={TODAY}").text
    assert "Tokyo" not in here[here.index("Ines Carvalho") :]


def test_a_hold_says_until_when_and_is_no_link(practice: Practice) -> None:
    hold(practice, "2026-11-26 11:00")
    page = practice.doctor.get("/board/week/")
    assert "Held until 08:10" in page.text
    with practice.app.app_context():
        held = db.session.scalars(select(Appointment).where(Appointment.status == "held")).one()
    assert held.ref not in page.html


def test_a_request_carries_its_word(practice: Practice) -> None:
    practice.book("12:00", "Rita Request", needs_approval=True)
    text = practice.doctor.get("/board/week/").text
    assert re.search(r"Rita Request Requested", text)


def test_time_off_stands_with_its_note(practice: Practice) -> None:
    @transactional
    def take_off() -> None:
        doctor = db.session.scalars(select(Doctor)).one()
        off = HoursException(
            doctor_id=doctor.id,
            kind=HoursExceptionKind.TIME_OFF,
            starts_at=at("2026-11-26 00:00"),
            ends_at=at("2026-11-27 00:00"),
            note="Congress in Porto",
        )
        db.session.add(off)

    with practice.app.app_context():
        take_off()
    assert "Time off: Congress in Porto" in practice.doctor.get("/board/week/").text
    assert "Time off: Congress in Porto." in why(practice, "2026-11-26 10:00")


def test_a_free_time_says_that_it_can_be_booked_for_each_visit_type(practice: Practice) -> None:
    said = why(practice, "2026-11-26 10:00")
    assert "Thursday 26 November, 10:00" in said
    assert said.count("Can be booked.") == 2


@pytest.mark.parametrize(
    ("time", "sentence"),
    [
        ("2026-11-24 07:00", "This time has passed."),
        ("2026-11-24 08:30", "Outside working hours."),
        ("2026-11-24 09:45", "at 10:00 the next visit begins."),
        ("2026-11-24 10:15", "Taken by the visit of Ines Carvalho at 10:00."),
        ("2026-11-26 16:45", "at 17:00 working hours end."),
        ("2026-11-26 10:05", "the next start is 10:15."),
        ("2027-03-01 10:00", "up to 60 days ahead."),
    ],
)
def test_a_time_says_why_it_cannot_be_booked(practice: Practice, time: str, sentence: str) -> None:
    assert sentence in why(practice, time)


def test_a_held_time_says_until_when(practice: Practice) -> None:
    hold(practice, "2026-11-26 11:00")
    assert "Held until 08:10." in why(practice, "2026-11-26 11:00")


def test_without_scripts_the_answer_stands_on_the_page_of_its_week(practice: Practice) -> None:
    page = practice.doctor.get(f"{WHY.format(tick('2026-11-26 10:00'))}&day=2026-11-26")
    assert page.html.lstrip().startswith("<!doctype html>")
    assert "Can be booked." in page.text
    assert 'id="week"' in page.html


def test_the_address_of_a_time_leads_to_its_own_week(practice: Practice) -> None:
    later = tick("2026-12-10 10:00")
    page = practice.doctor.get(WHY.format(later))
    assert "Mon 7 Dec to Sun 13 Dec 2026" in page.text


def test_the_chosen_visit_type_speaks_first_and_stays_in_the_addresses(practice: Practice) -> None:
    with practice.app.app_context():
        kinds = db.session.scalars(select(Doctor)).one().visit_types
        surgery = next(kind.ref for kind in kinds if kind.name == "Surgery")
    page = practice.doctor.get(f"/board/week/?type={surgery}")
    assert "Openings are for Surgery" in page.text
    assert f"type={surgery}&amp;at=" in page.html or f"&amp;type={surgery}" in page.html
    address = f"{WHY.format(tick('2026-11-26 10:00'))}&type={surgery}"
    said = practice.doctor.get(address, **HTMX).text
    assert said.index("Surgery") < said.index("First visit")


def test_the_poll_is_empty_until_something_changes(practice: Practice) -> None:
    client = practice.doctor.client
    address = f"/board/week/live/?day={TODAY}"
    first = client.get(address, base_url=ORIGIN, headers=HTMX)
    tag = first.headers["HX-PTag"]
    again = client.get(address, base_url=ORIGIN, headers={**HTMX, "HX-PTag": tag})
    assert (again.status_code, again.data) == (304, b"")
    practice.book("15:00", "Zoe Adams")
    changed = client.get(address, base_url=ORIGIN, headers={**HTMX, "HX-PTag": tag})
    assert changed.status_code == 200
    assert "Zoe Adams" in changed.text


def test_the_poll_of_a_visit_s_step_is_new(practice: Practice) -> None:
    client = practice.doctor.client
    address = f"/board/week/live/?day={TODAY}"
    tag = client.get(address, base_url=ORIGIN, headers=HTMX).headers["HX-PTag"]
    practice.doctor.post(f"/board/{practice.ref}/arrive/", _signed(practice))
    changed = client.get(address, base_url=ORIGIN, headers={**HTMX, "HX-PTag": tag})
    assert changed.status_code == 200
    assert "Arrived" in changed.text


def _signed(practice: Practice) -> dict[str, str]:
    return practice.doctor.get("/board/").form("/arrive/").values


def test_another_doctor_s_visits_are_never_shown(practice: Practice) -> None:
    with practice.app.app_context():
        other = a_doctor("Bela Brandt")
        kind = other.visit_types[0]
        booked(a_patient("Somebody Else"), other, at(f"{TODAY} 11:00"), kind)
        ref, user_id = other.ref, other.user_id
    for address in (
        f"/board/week/?doctor={ref}",
        f"/board/week/?doctor={ref}&view=day",
        f"/board/week/live/?doctor={ref}&day={TODAY}",
        f"/board/sheet/?doctor={ref}",
        f"{WHY.format(tick(f'{TODAY} 11:00'))}&doctor={ref}",
    ):
        assert "Somebody Else" not in practice.doctor.get(address).text
    assert "Ines Carvalho" not in practice.visitor(user_id).get("/board/week/").text


def test_an_admin_chooses_whose_week(practice: Practice) -> None:
    admin = practice.admin()
    with practice.app.app_context():
        ref = db.session.scalars(select(Doctor)).one().ref
    assert "Whose week?" in admin.get("/board/week/").text
    page = admin.get(f"/board/week/?doctor={ref}")
    assert "Ines Carvalho" in page.text
    assert f"doctor={ref}" in page.html
    assert admin.get("/board/week/?doctor=nobody").status == 404


def test_a_doctor_who_waits_for_approval_is_told_so(practice: Practice) -> None:
    with practice.app.app_context():
        user_id = a_doctor("Wanda Weiss", published=False).user_id
    waiting = practice.visitor(user_id)
    for address in ("/board/week/", "/board/sheet/", WHY.format(tick(f"{TODAY} 11:00"))):
        assert "waits for approval" in waiting.get(address).text


def test_a_doctor_whom_the_public_does_not_see_has_an_agenda_all_the_same(
    practice: Practice,
) -> None:
    @transactional
    def hide() -> None:
        db.session.scalars(select(Doctor)).one().is_published = False

    with practice.app.app_context():
        hide()
    page = practice.doctor.get("/board/week/")
    assert "Ines Carvalho" in page.text
    assert "The public does not see this doctor" in page.text
    assert "nothing can be booked" in why(practice, "2026-11-26 10:00")


@pytest.mark.parametrize(
    "query",
    [
        "day=9999-01-01",
        "day=2000-01-01",
        "day=2100-12-31",
        "day=2100-12-31&view=day",
        "view=month&type=none",
        "at=1",
        "at=13672800",
        "at=99999999999999",
        "at=-1",
    ],
)
def test_strange_addresses_get_a_page(practice: Practice, query: str) -> None:
    for path in ("/board/week/", "/board/week/why/", "/board/week/live/", "/board/sheet/"):
        assert practice.doctor.get(f"{path}?{query}").status == 200
        assert practice.doctor.get(f"{path}?{query}", **HTMX).status == 200


@pytest.mark.parametrize("day", ["2026-10-25", "2027-03-28"])
def test_the_days_of_the_clock_changes_have_an_agenda(practice: Practice, day: str) -> None:
    for view in ("week", "day"):
        assert practice.doctor.get(f"/board/week/?view={view}&day={day}").status == 200


def test_the_week_asks_the_database_the_same_number_of_times_however_many_come(
    practice: Practice,
) -> None:
    practice.doctor.get("/board/week/")
    with practice.app.app_context(), queries() as few:
        practice.doctor.get("/board/week/")
    for hour in ("11:00", "12:00", "13:00", "14:00", "15:00"):
        practice.book(hour)
    practice.doctor.get("/board/week/")
    with practice.app.app_context(), queries() as many:
        practice.doctor.get("/board/week/")
    assert len(many) == len(few)


def test_the_sheet_has_a_line_for_each_visit_with_all_that_one_needs(practice: Practice) -> None:
    practice.book("09:00", "Zoe Adams")
    with practice.app.app_context():
        _give_phone("Zoe Adams", "+49 30 123456")
    page = practice.doctor.get(f"/board/sheet/?day={TODAY}")
    assert page.html.count("<tr") == 3
    line = page.text[page.text.index("09:00") :]
    for word in ("Zoe Adams", "First visit", "A reason", "+49 30 123456", "Confirmed"):
        assert word in line
    assert "data-print" in page.html


@transactional
def _give_phone(name: str, phone: str) -> None:
    for visit in db.session.scalars(select(Appointment)):
        if visit.patient and visit.patient.name == name:
            visit.patient.phone = phone


def test_a_time_is_asked_about_by_its_tick(practice: Practice) -> None:
    assert tick_of(at("2026-11-26 10:00")) == tick("2026-11-26 10:00")
    assert practice.doctor.get("/board/week/why/", **HTMX).text == ""
