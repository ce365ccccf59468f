"""Finding one of a doctor's visits by the patient, the reference or the day."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from app.extensions import db
from app.models import Doctor
from app.scheduling import holds
from app.scheduling.holders import Holder
from tests.builders import a_doctor, a_patient, at, booked, tick
from tests.doctor.conftest import TODAY, Practice
from tests.pages import HTMX, ORIGIN
from tests.scheduling.conftest import queries


def test_all_visits_are_there_latest_first(practice: Practice) -> None:
    practice.book("09:00", "Zoe Adams")
    text = practice.doctor.get("/board/find/").text
    assert "2 visits" in text
    assert text.index("Ines Carvalho") < text.index("Zoe Adams")


@pytest.mark.parametrize("search", ["carval", "INES", "carvalho ines", "  Ines  "])
def test_any_part_of_the_name_finds_the_patient(practice: Practice, search: str) -> None:
    practice.book("09:00", "Zoe Adams")
    page = practice.doctor.get(f"/board/find/?q={search}")
    assert "Ines Carvalho" in page.text
    assert "Zoe Adams" not in page.text


def test_the_reference_finds_one_visit_in_any_case(practice: Practice) -> None:
    practice.book("09:00", "Zoe Adams")
    page = practice.doctor.get(f"/board/find/?q={practice.ref.upper()}")
    assert "1 visit " in page.text
    assert f'href="/board/visit/{practice.ref}/"' in page.html


def test_the_day_narrows_by_the_wall_of_the_place(practice: Practice) -> None:
    assert "Ines Carvalho" in practice.doctor.get(f"/board/find/?day={TODAY}").text
    assert "No visit fits" in practice.doctor.get("/board/find/?day=2026-11-25").text
    both = practice.doctor.get(f"/board/find/?day={TODAY}&q=zoe").text
    assert "No visit fits" in both


@pytest.mark.parametrize("search", ["%", "_", "!", "%25", "' OR 1=1--", "🙂"])
def test_signs_of_a_pattern_mean_themselves(practice: Practice, search: str) -> None:
    page = practice.doctor.client.get("/board/find/", query_string={"q": search}, base_url=ORIGIN)
    assert page.status_code == 200
    assert "Ines Carvalho" not in page.text


def test_another_doctor_s_visits_are_not_found(practice: Practice) -> None:
    with practice.app.app_context():
        other = a_doctor("Bela Brandt")
        foreign = booked(a_patient("Somebody Else"), other, at(f"{TODAY} 11:00"))
        doctor_ref, ref = other.ref, foreign.ref
    for query in (f"q={ref}", "q=somebody", f"doctor={doctor_ref}", f"doctor={doctor_ref}&q={ref}"):
        assert "Somebody Else" not in practice.doctor.get(f"/board/find/?{query}").text


def test_what_was_only_held_is_left_out(practice: Practice) -> None:
    with practice.app.app_context():
        doctor = db.session.scalars(select(Doctor)).one()
        kind = doctor.visit_types[0].ref
        holds.hold(Holder("a stranger's"), doctor.ref, kind, tick(f"{TODAY} 11:00"), "a key")
    assert "1 visit " in practice.doctor.get("/board/find/").text


def test_many_visits_come_in_pages_that_keep_what_was_asked(practice: Practice) -> None:
    for day in range(1, 14):
        for time in ("10:00", "11:00"):
            with practice.app.app_context():
                doctor = db.session.scalars(select(Doctor)).one()
                when = at(f"2026-12-{day:02} {time}")
                booked(a_patient(f"Paula Page {day} {time[:2]}"), doctor, when)
    page = practice.doctor.get("/board/find/?q=paula")
    assert "1 to 25 of 26" in page.text
    assert 'href="/board/find/?q=paula&amp;page=2"' in page.html
    assert "Page 2 of 2" in practice.doctor.get("/board/find/?q=paula&page=2").text


def test_the_part_that_htmx_asks_for_is_the_list(practice: Practice) -> None:
    part = practice.doctor.get("/board/find/?q=ines", **HTMX)
    assert part.html.lstrip().startswith('<div id="found"')


def test_an_admin_chooses_whose_visits(practice: Practice) -> None:
    admin = practice.admin()
    with practice.app.app_context():
        ref = db.session.scalars(select(Doctor)).one().ref
    choose = admin.get("/board/find/")
    assert "Whose visits?" in choose.text
    assert choose.form("/board/find/").method == "get"
    assert "Ines Carvalho" in admin.get(f"/board/find/?doctor={ref}").text


def test_the_search_asks_the_database_the_same_number_of_times_however_many_are_found(
    practice: Practice,
) -> None:
    address = f"/board/find/?q=e&day={TODAY}"
    practice.doctor.get(address)
    with practice.app.app_context(), queries() as few:
        practice.doctor.get(address)
    for hour in ("11:00", "12:00", "13:00"):
        practice.book(hour, f"Rene {hour}")
    practice.doctor.get(address)
    with practice.app.app_context(), queries() as many:
        practice.doctor.get(address)
    assert len(many) == len(few)
