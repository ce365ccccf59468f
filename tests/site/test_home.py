"""The home page: the search, its filters in the address, and what it says when nothing fits."""

from __future__ import annotations

from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app import clock
from app.models import VisitMode
from app.scheduling import floors, openings
from tests.builders import (
    BERLIN,
    a_doctor,
    a_location,
    a_patient,
    a_specialty,
    a_visit_type,
    at,
    booked,
    policy,
    tick,
    works,
)
from tests.conftest import FrozenClock
from tests.pages import HTMX, Visitor
from tests.scheduling.conftest import queries


@pytest.fixture
def clinic(app: Flask, frozen_clock: FrozenClock) -> FrozenClock:
    """Eight o'clock on a Tuesday; two doctors at two places with a zone each."""
    with app.app_context():
        online = a_visit_type("Video call", minutes=20, mode=VisitMode.ONLINE, price_cents=3500)
        first = a_visit_type("First visit", minutes=30, price_cents=6000)
        quay = a_location("Quay", zone="Europe/Lisbon")
        a_doctor("Zoë Ångström", visit_types=[first], hours="10:00-12:00")
        a_doctor(
            "Bea Cruz",
            visit_types=[first, online],
            specialties=[a_specialty("Neurology")],
            languages=("de", "pt"),
            hours="11:00-13:00",
            location=quay,
        )
    return frozen_clock


def test_the_first_free_is_at_the_top(clinic: FrozenClock, client: FlaskClient) -> None:
    html = Visitor(client).get("/").html
    assert html.index("Ångström") < html.index("Bea Cruz")


def test_a_card_leads_to_each_of_its_openings(
    app: Flask, clinic: FrozenClock, client: FlaskClient
) -> None:
    with app.app_context():
        doctor = next(d for d in openings.desk().catalogue.doctors if "Zo" in d.name)
    html = Visitor(client).get("/?name=zoe").html.replace("&amp;", "&")
    for text in ("10:00", "10:15", "10:30"):
        start = tick(f"2026-11-24 {text}")
        kind = doctor.visit_types[0].ref
        way = f"doctor={doctor.ref}&visit_type={kind}&day=2026-11-24&opening={start}"
        assert f'href="/appointment/?{way}"' in html
    assert f'href="/appointment/?doctor={doctor.ref}"' in html


def test_times_are_those_of_the_place_and_name_its_zone(
    clinic: FrozenClock, client: FlaskClient
) -> None:
    text = Visitor(client).get("/?name=cruz").text
    assert "Today 11:00" in text
    assert "Lisbon time (UTC+0)" in text


def test_in_one_zone_a_visit_in_person_needs_no_zone(app: Flask, client: FlaskClient) -> None:
    with app.app_context():
        a_doctor()
    assert "Berlin time" not in Visitor(client).get("/").text


def test_in_one_zone_an_online_visit_names_it_all_the_same(app: Flask, client: FlaskClient) -> None:
    with app.app_context():
        a_doctor(visit_types=[a_visit_type(mode=VisitMode.ONLINE)])
    assert "Berlin time" in Visitor(client).get("/").text


@pytest.mark.parametrize(
    "address",
    [
        "/?specialty=neurology",
        "/?location=quay",
        "/?mode=online",
        "/?language=pt",
        "/?name=CRUZ+bea",
        "/?name=cruz&specialty=neurology&location=quay&mode=online&language=de",
    ],
)
def test_each_filter_narrows(clinic: FrozenClock, client: FlaskClient, address: str) -> None:
    page = Visitor(client).get(address)
    assert "Bea Cruz" in page.text
    assert "Ångström" not in page.text
    assert "1 doctor" in page.text


def test_the_form_shows_the_filters_of_the_address(
    clinic: FrozenClock, client: FlaskClient
) -> None:
    html = Visitor(client).get("/?specialty=neurology&name=cruz&earliest=2026-12-01").html
    assert '<option value="neurology" selected>' in html
    assert 'name="name" value="cruz"' in html
    assert 'type="date" value="2026-12-01"' in html


def test_each_filter_in_use_can_be_taken_away(clinic: FrozenClock, client: FlaskClient) -> None:
    html = Visitor(client).get("/?specialty=neurology&language=de").html
    assert 'href="/?language=de"' in html
    assert 'href="/?specialty=neurology"' in html


def test_not_before_moves_the_openings(clinic: FrozenClock, client: FlaskClient) -> None:
    text = Visitor(client).get("/?earliest=2026-12-03&name=zoe").text
    assert "Thu 3 Dec 10:00" in text
    assert "Today" not in text


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("/?specialty=alchemy", "Specialty “alchemy” is not known"),
        ("/?location=moon", "Location “moon” is not known"),
        ("/?mode=telepathy", "Way of visiting “telepathy” is not known"),
        ("/?language=tlh", "Language “tlh” is not known"),
        ("/?earliest=2026-02-30", "Date “2026-02-30” is not known"),
    ],
)
def test_what_is_not_known_is_said_and_can_be_removed(
    clinic: FrozenClock, client: FlaskClient, address: str, words: str
) -> None:
    page = Visitor(client).get(f"{address}&name=zoe")
    assert page.status == 200
    assert words in page.text
    assert 'href="/?name=zoe"' in page.html
    assert "Ångström" in page.text


def test_when_nobody_fits_the_hindering_filter_and_the_nearest_opening_are_named(
    clinic: FrozenClock, client: FlaskClient
) -> None:
    page = Visitor(client).get("/?name=zoe&location=quay")
    assert "Nobody fits all of this" in page.text
    assert "Without “Quay” the earliest opening is Tuesday 24 November, 10:00" in page.text
    assert 'href="/?name=zoe"' in page.html
    assert 'href="/?name=zoe&amp;location=main-street-practice"' in page.html


def test_when_everybody_who_fits_is_full_the_way_on_is_named(
    app: Flask, clinic: FrozenClock, client: FlaskClient
) -> None:
    with app.app_context():
        policy(horizon_days=1, open_bookings_per_doctor=9)
        full = a_doctor("Fay Full", hours="09:30-10:00")
        for day in (24, 25):
            booked(a_patient(), full, at(f"2026-11-{day} 09:30"))
    text = Visitor(client).get("/?name=fay").text
    assert "Full until Wednesday 25 November" in text
    assert "Without “Name: fay” the earliest opening is Tuesday 24 November, 10:00" in text


def test_an_empty_clinic_says_so(client: FlaskClient) -> None:
    assert "Nothing can be booked yet" in Visitor(client).get("/").text


def test_twenty_five_doctors_are_three_pages_without_gaps(
    app: Flask, frozen_clock: FrozenClock, client: FlaskClient
) -> None:
    with app.app_context():
        kind = a_visit_type()
        made = {a_doctor(f"Doctor Nr{number:02}", visit_types=[kind]).name for number in range(25)}
    pages = [Visitor(client).get(f"/?page={number}").text for number in (1, 2, 3)]
    assert "1 to 10 of 25 doctors" in pages[0]
    assert [sum(name in page for name in made) for page in pages] == [10, 10, 5]


def test_a_page_beyond_the_last_is_the_last(clinic: FrozenClock, client: FlaskClient) -> None:
    assert "Bea Cruz" in Visitor(client).get("/?page=99").text


def test_htmx_gets_the_results_and_the_address_they_belong_to(
    clinic: FrozenClock, client: FlaskClient
) -> None:
    response = client.get("/?name=&specialty=neurology&location=&page=1", headers=HTMX)
    assert response.text.lstrip().startswith('<section id="results"')
    assert response.headers["HX-Push-Url"] == "/?specialty=neurology"
    assert "HX-Request" in response.headers["Vary"]


def test_a_name_is_text_and_nothing_else(clinic: FrozenClock, client: FlaskClient) -> None:
    page = Visitor(client).get("/?name=%3Cscript%3Ealert(1)%3C/script%3E")
    assert page.status == 200
    assert "<script>alert" not in page.html


def test_the_home_page_answers_head(clinic: FrozenClock, client: FlaskClient) -> None:
    response = client.head("/")
    assert (response.status_code, response.data) == (200, b"")


@pytest.mark.parametrize("doctors", [5, 200])
def test_the_home_page_takes_five_queries_however_many_doctors_there_are(
    app: Flask, frozen_clock: FrozenClock, client: FlaskClient, doctors: int
) -> None:
    with app.app_context():
        kind = a_visit_type()
        for _ in range(doctors):
            a_doctor(visit_types=[kind])
        for facts in openings.desk().catalogue.doctors:
            floors.raise_for(facts)
        client.get("/")
        with queries() as seen:
            client.get("/")
    assert len(seen) <= 5, seen


def test_a_doctor_who_works_later_shows_that_day(
    app: Flask, frozen_clock: FrozenClock, client: FlaskClient
) -> None:
    with app.app_context():
        doctor = a_doctor(hours=None)
        day = clock.today(BERLIN) + timedelta(30)
        works(doctor, a_location(), day.isoweekday(), "09:00-10:00", valid_from=day)
    assert "Thu 24 Dec 09:00" in Visitor(client).get("/").text
