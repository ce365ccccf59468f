"""A doctor's public page, the prices, and what machines ask for."""

from __future__ import annotations

from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, text

from app import create_app
from app.extensions import db
from app.models import Doctor
from app.scheduling import openings
from app.transaction import transactional
from config import Config
from tests.builders import a_doctor, a_patient, a_visit_type, at, booked, policy, tick
from tests.conftest import FrozenClock
from tests.pages import Visitor
from tests.scheduling.conftest import queries


@pytest.fixture
def doctor(app: Flask, frozen_clock: FrozenClock) -> str:
    """The reference of a doctor who offers two kinds of visit."""
    with app.app_context():
        kinds = [
            a_visit_type("Follow-up", minutes=20, price_cents=0),
            a_visit_type("Examination", minutes=60, price_cents=9000, needs_approval=True),
        ]
        doctor = a_doctor(
            "Ada Berg", visit_types=kinds, languages=("de", "tr"), hours="09:00-11:00"
        )
        _describe(doctor)
        return doctor.ref


@transactional
def _describe(doctor: Doctor) -> None:
    doctor.about = "I listen.\n\nThen I <b>look</b>."


def book_follow_up(ref: str, time: str) -> None:
    doctor = db.session.scalars(select(Doctor).where(Doctor.ref == ref)).one()
    visit = next(kind for kind in doctor.visit_types if kind.name == "Follow-up")
    booked(a_patient(), doctor, at(time), visit)


def test_the_page_says_who_where_and_what_for(doctor: str, client: FlaskClient) -> None:
    page = Visitor(client).get(f"/doctors/{doctor}/")
    for words in (
        "Dr. Ada Berg",
        "Cardiology",
        "German, Turkish",
        "Main Street 1",
        "Berlin time (UTC+1)",
        "Follow-up",
        "20 min · in person",
        "1 h · in person · the doctor confirms each request",
        "€90.00",
    ):
        assert words in page.text


def test_about_is_plain_text_in_paragraphs(doctor: str, client: FlaskClient) -> None:
    html = Visitor(client).get(f"/doctors/{doctor}/").html
    assert '<p class="measure">I listen.</p>' in html
    assert "Then I &lt;b&gt;look&lt;/b&gt;." in html


def test_each_visit_type_offers_its_own_next_openings(
    app: Flask, doctor: str, client: FlaskClient
) -> None:
    with app.app_context():
        book_follow_up(doctor, "2026-11-24 09:30")
        facts = openings.desk().catalogue.doctors[0]
    html = Visitor(client).get(f"/doctors/{doctor}/").html
    short, long = (kind.ref for kind in facts.visit_types)
    for ref, day, times in (
        (short, "2026-11-24", ("09:00", "10:00", "10:15")),
        (long, "2026-11-24", ("10:00",)),
        (long, "2026-11-25", ("09:00", "09:15")),
    ):
        for time in times:
            ending = f"visit_type={ref}&amp;day={day}&amp;opening={tick(f'{day} {time}')}"
            assert ending in html, time


def test_a_full_visit_type_says_so_and_leads_to_the_days(
    app: Flask, doctor: str, client: FlaskClient
) -> None:
    with app.app_context():
        policy(horizon_days=0)
        book_follow_up(doctor, "2026-11-24 09:30")
        book_follow_up(doctor, "2026-11-24 10:15")
    page = Visitor(client).get(f"/doctors/{doctor}/")
    assert "No time is open until Tuesday 24 November" in page.text
    assert "See the days" in page.text


def test_who_is_not_published_or_not_there_has_no_page(app: Flask, client: FlaskClient) -> None:
    with app.app_context():
        hidden = a_doctor(published=False).ref
    for ref in (hidden, "nobody", "..%2Fetc", "\N{DROMEDARY CAMEL}"):
        assert Visitor(client).get(f"/doctors/{ref}/").status == 404


def test_the_page_takes_as_many_queries_for_ten_visit_types_as_for_two(
    app: Flask, frozen_clock: FrozenClock, client: FlaskClient
) -> None:
    counts = []
    with app.app_context():
        for kinds in (2, 10):
            ref = a_doctor(visit_types=[a_visit_type() for _ in range(kinds)]).ref
            client.get(f"/doctors/{ref}/")
            with queries() as seen:
                client.get(f"/doctors/{ref}/")
            counts.append(len(seen))
    assert counts[0] == counts[1] <= 4


def test_prices_say_length_way_price_and_how_to_pay(doctor: str, client: FlaskClient) -> None:
    page = Visitor(client).get("/prices/")
    assert "Examination 1 h · in person · the doctor confirms each request €90.00" in page.text
    assert "Pay at the clinic" in page.text
    assert "Follow-up 20 min · in person Free Nothing to pay" in page.text


def test_prices_of_an_empty_clinic_say_so(client: FlaskClient) -> None:
    assert "No visits are offered yet" in Visitor(client).get("/prices/").text


def test_the_server_is_healthy_while_its_database_is(client: FlaskClient) -> None:
    response = client.get("/healthz")
    assert (response.status_code, response.text, response.mimetype) == (200, "ok\n", "text/plain")


def test_a_database_that_is_not_migrated_is_not_healthy(app: Flask, client: FlaskClient) -> None:
    with app.app_context():
        reached = db.session.scalar(text("SELECT version_num FROM alembic_version"))
        _pretend("0000_before")
        try:
            response = client.get("/healthz")
        finally:
            _pretend(reached)
    assert (response.status_code, response.text) == (503, "the database is not migrated\n")


@transactional
def _pretend(version: str) -> None:
    db.session.execute(
        text("UPDATE alembic_version SET version_num = :version"), {"version": version}
    )


def test_a_database_that_does_not_answer_is_not_healthy(tmp_path: Path) -> None:
    nowhere = "mysql+pymysql://docket@127.0.0.1:1/docket?connect_timeout=1"
    app = create_app(Config(instance=tmp_path, database_url=nowhere, demo=False, rate_limits=False))
    response = app.test_client().get("/healthz")
    assert (response.status_code, response.text) == (503, "the database does not answer\n")
    assert "127.0.0.1" not in response.text


def test_robots_are_told_where_to_look(client: FlaskClient) -> None:
    response = client.get("/robots.txt")
    assert response.mimetype == "text/plain"
    assert "Disallow: /\n" in response.text


def test_the_old_place_of_the_icon_leads_to_it(client: FlaskClient) -> None:
    response = client.get("/favicon.ico")
    assert response.status_code == 302
    with client.get(response.location) as picture:
        assert picture.mimetype == "image/svg+xml"
