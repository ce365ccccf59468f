"""Every page keeps the house rules for HTML, for everybody, as a whole and as a fragment."""

from __future__ import annotations

import gzip
import re

import pytest
from werkzeug.test import TestResponse

from tests.project.cast import Person
from tests.project.house import PARTIAL, House
from tests.project.html import faults_of_fragment, faults_of_page
from tests.project.matrix import ROUTES, filled

MOST_BYTES = 120 * 1024
LOADED = re.compile(r'<(?:script|link|img|use)[^>]*(?:src|href)="([^"#]+)')


def is_html(answer: TestResponse) -> bool:
    """Whether it is a page of ours; a letter in its sandbox is written for mail programs."""
    is_letter = answer.headers.get("Content-Security-Policy", "").startswith("sandbox;")
    return answer.mimetype == "text/html" and bool(answer.data) and not is_letter


@pytest.mark.parametrize("endpoint", sorted(ROUTES))
def test_every_page_keeps_the_rules(house: House, endpoint: str) -> None:
    row, things = ROUTES[endpoint], house.cast.of
    for rule in house.rules("GET"):
        if rule.endpoint != endpoint:
            continue
        path = house.address(rule, filled(row.path, things))
        for person in Person:
            for query in (filled(row.query, things), {}):
                page = house.ask(person, "GET", path, query=query)
                if is_html(page) and page.status_code != 303:
                    faults = faults_of_page(page.text)
                    assert faults == [], f"{person}: {path} {query}"
                part = house.ask(person, "GET", path, query=query, headers=PARTIAL)
                if is_html(part):
                    assert faults_of_fragment(part.text) == [], f"{person}: part of {path} {query}"


@pytest.mark.parametrize("endpoint", sorted(ROUTES))
def test_every_answer_to_a_form_keeps_the_rules(house: House, endpoint: str) -> None:
    row, things = ROUTES[endpoint], house.cast.of
    for rule in house.rules("POST"):
        if rule.endpoint != endpoint:
            continue
        path = house.address(rule, filled(row.path, things))
        nothing: dict[str, str] = {}
        for form in (nothing, {**filled(row.form, things), "version": "77"}):
            for person in sorted(row.may):
                page = house.ask(person, "POST", path, form=form)
                if is_html(page) and page.status_code != 303:
                    assert faults_of_page(page.text) == [], f"{person}: {path} {form}"
                part = house.ask(person, "POST", path, form=form, headers=PARTIAL)
                if is_html(part):
                    assert faults_of_fragment(part.text) == [], f"{person}: part of {path} {form}"


def test_a_page_asked_by_htmx_for_history_comes_whole(house: House) -> None:
    headers = {**PARTIAL, "HX-History-Restore-Request": "true"}
    for rule in house.rules("GET"):
        row = ROUTES[rule.endpoint]
        path = house.address(rule, filled(row.path, house.cast.of))
        page = house.ask(min(row.may), "GET", path, headers=headers)
        if is_html(page) and page.status_code == 200:
            assert page.text.lstrip().startswith("<!doctype html>"), path


def test_a_first_visit_is_small(house: House) -> None:
    """The page with all that it loads, compressed, and nothing from elsewhere."""
    for path in ("/", "/appointment/", "/login/"):
        page = house.ask(Person.ANONYMOUS, "GET", path)
        assert page.status_code == 200, path
        size = len(gzip.compress(page.data))
        for address in sorted({one.replace("&amp;", "&") for one in LOADED.findall(page.text)}):
            assert address.startswith("/"), address
            loaded = house.ask(Person.ANONYMOUS, "GET", address)
            assert loaded.status_code == 200, address
            size += len(gzip.compress(loaded.data))
        assert size < MOST_BYTES, f"{path}: {size / 1024:.0f} KiB"


def test_links_of_every_page_lead_somewhere(house: House) -> None:
    for person in Person:
        seen: set[str] = set()
        for rule in house.rules("GET"):
            row = ROUTES[rule.endpoint]
            if person not in row.may:
                continue
            path = house.address(rule, filled(row.path, house.cast.of))
            page = house.ask(person, "GET", path, query=filled(row.query, house.cast.of))
            if is_html(page):
                links = re.findall(r'<a [^>]*href="(/[^"#]*)', page.text)
                seen.update(link.replace("&amp;", "&") for link in links)
        for link in sorted(seen):
            answer = house.ask(person, "GET", link)
            assert answer.status_code in {200, 303}, f"{person}: {link} -> {answer.status_code}"
