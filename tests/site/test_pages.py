"""About and contact: the clinic's own words, or what is known of it; and their cost."""

from __future__ import annotations

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.clinic import pages
from app.extensions import db
from app.models import PageSlug, Role
from app.transaction import transactional
from tests.builders import a_doctor, a_location, a_user, policy
from tests.conftest import FrozenClock
from tests.pages import Visitor
from tests.scheduling.conftest import queries


@pytest.fixture
def visitor(app: Flask, frozen_clock: FrozenClock, client: FlaskClient) -> Visitor:
    return Visitor(client)


def write(app: Flask, slug: PageSlug, text: str) -> None:
    with app.app_context():
        version = pages.written(slug).version
        pages.save(slug, text, a_user(Role.ADMIN), version=version)


@transactional
def describe(**facts: str) -> None:
    for name, value in facts.items():
        setattr(a_location(), name, value)


def test_every_page_leads_to_both(visitor: Visitor) -> None:
    for address in ("/", "/login/", "/prices/"):
        html = visitor.get(address).html
        assert 'href="/about/"' in html
        assert 'href="/contact/"' in html


def test_about_lists_what_the_clinic_offers_until_it_says_so_itself(
    app: Flask, visitor: Visitor
) -> None:
    with app.app_context():
        a_doctor()
    page = visitor.get("/about/")
    assert "has 1 doctor at 1 location" in page.text
    assert 'href="/?specialty=cardiology"' in page.html
    write(app, PageSlug.ABOUT, "Since *1912*.")
    page = visitor.get("/about/")
    assert "<p>Since <em>1912</em>.</p>" in page.html
    assert "has 1 doctor" not in page.text


def test_contact_says_how_and_where(app: Flask, visitor: Visitor) -> None:
    with app.app_context():
        policy(phone="+49 30 5550 100", email="hello@example.org")
        a_location()
        describe(directions="Tram 4, stop Mill", accessibility="A lift to every floor")
    page = visitor.get("/contact/")
    for words in ("Main Street 1", "Berlin time (UTC+1)", "Tram 4", "A lift to every floor"):
        assert words in page.text
    assert 'href="tel:+49305550100"' in page.html
    assert 'href="mailto:hello@example.org"' in page.html
    write(app, PageSlug.CONTACT, "Ring twice.")
    assert "Ring twice." in visitor.get("/contact/").text


def test_an_empty_clinic_says_so_on_both_pages(visitor: Visitor) -> None:
    assert "still being set up" in visitor.get("/about/").text
    assert "still being set up" in visitor.get("/contact/").text


def test_the_homes_text_stands_below_the_search_and_not_among_filtered_doctors(
    app: Flask, visitor: Visitor
) -> None:
    with app.app_context():
        a_doctor()
    write(app, PageSlug.HOME, "Welcome to **us**.")
    html = visitor.get("/").html
    assert html.index('id="results"') < html.index("<strong>us</strong>")
    assert "<strong>us</strong>" not in visitor.get("/?name=x").html


def test_texts_cost_no_query_once_they_are_known(app: Flask, visitor: Visitor) -> None:
    for slug in PageSlug:
        write(app, slug, "Hello")
    for address in ("/about/", "/contact/"):
        visitor.get(address)
        with app.app_context(), queries() as seen:
            db.session.rollback()
            visitor.get(address)
        assert len(seen) <= 2, seen


def test_robots_may_read_both(visitor: Visitor) -> None:
    robots = visitor.get("/robots.txt").html
    assert "Allow: /about/" in robots
    assert "Allow: /contact/" in robots
