"""The clinic's own texts: written with a preview, by one editor at a time, with a history."""

from __future__ import annotations

import pytest

from app.clinic import pages
from app.errors import NotAllowed
from app.models import PageSlug, Role
from tests.admin.conftest import Office
from tests.builders import a_user
from tests.pages import HTMX, Page

ABOUT = "/admin/pages/about/"


def write(office: Office, text: str, slug: str = "about") -> Page:
    address = f"/admin/pages/{slug}/"
    return office.admin.submit(office.admin.get(address).form(address), body=text)


def test_the_list_says_which_pages_are_written(office: Office) -> None:
    assert office.admin.get("/admin/pages/").text.count("Empty") == 3
    write(office, "We are here for you.")
    text = office.admin.get("/admin/pages/").text
    assert (text.count("Empty"), text.count("Written")) == (2, 1)


def test_what_is_saved_is_what_everybody_sees(office: Office) -> None:
    page = write(office, "## Our team\r\n\r\nThree **good** doctors.\r\n")
    assert "is saved" in page.text
    assert page.form(ABOUT).values["body"].strip() == "## Our team\n\nThree **good** doctors."
    html = office.visitor(office.admin_id).get("/about/").html
    assert "<h2>Our team</h2>" in html
    assert "<strong>good</strong>" in html


def test_a_preview_shows_the_text_and_stores_nothing(office: Office) -> None:
    form = office.admin.get(ABOUT).form(ABOUT)
    for headers in ({}, HTMX):
        page = office.admin.post(
            f"{ABOUT}preview/", form.values | {"body": "- one\n- two"}, **headers
        )
        assert page.status == 200
        assert "<li>one</li>" in page.html
        assert page.html.lstrip().startswith("<!doctype") is not bool(headers)
    with office.app.app_context():
        assert pages.written(PageSlug.ABOUT).version == pages.NEVER_WRITTEN
    assert office.trail("page.changed") == []


def test_the_preview_without_scripts_keeps_what_was_typed(office: Office) -> None:
    form = office.admin.get(ABOUT).form(ABOUT)
    page = office.admin.post(f"{ABOUT}preview/", form.values | {"body": "Half a text"})
    assert page.form(ABOUT).values["body"].strip() == "Half a text"
    office.admin.submit(page.form(ABOUT))
    assert "Half a text" in office.admin.get("/about/").text


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("x" * 15_001, "Use at most 15,000 characters"),
        ("See ![us](/static/x.png)", "Pictures cannot be shown"),
    ],
)
def test_a_text_that_cannot_be_shown_is_refused_beside_the_field(
    office: Office, text: str, says: str
) -> None:
    page = write(office, text)
    assert page.status == 422
    assert says in page.text
    assert page.form(ABOUT).values["body"].strip() == text
    assert office.trail("page.changed") == []


def test_an_unknown_page_is_not_there(office: Office) -> None:
    for slug in ("imprint", "HOME", "..", "home%00"):
        assert office.admin.get(f"/admin/pages/{slug}/").status == 404


def test_the_second_of_two_editors_sees_the_firsts_text_and_decides(office: Office) -> None:
    with office.app.app_context():
        other = office.visitor(a_user(Role.ADMIN, "Olga Other").id)
    mine = office.admin.get(ABOUT).form(ABOUT)
    other.submit(other.get(ABOUT).form(ABOUT), body="Hers")
    page = office.admin.submit(mine, follow=False, body="Mine")
    assert page.status == 409
    assert "Olga Other has changed this meanwhile" in page.text
    assert "Text Hers Mine" in page.text
    assert page.form(ABOUT).values["body"].strip() == "Mine"
    assert "Hers" in office.admin.get("/about/").text
    office.admin.submit(page.form(ABOUT))
    assert "Mine" in office.admin.get("/about/").text


def test_who_changed_a_text_stands_on_its_page_and_in_the_trail(office: Office) -> None:
    write(office, "First")
    write(office, "Second")
    write(office, "Second")
    first, second = office.trail("page.changed")
    assert (first.before, first.after) == ({"text": ""}, {"text": "First"})
    assert (second.before, second.after) == ({"text": "First"}, {"text": "Second"})
    assert (second.object_kind, second.object_name) == ("site_page", "about")
    text = office.admin.get(ABOUT).text
    assert "Before: First After: Second" in text
    assert "Nothing has been changed yet" in office.admin.get("/admin/pages/home/").text


def test_an_empty_text_brings_the_usual_words_back(office: Office) -> None:
    write(office, "Our own words")
    write(office, " \r\n ")
    text = office.admin.get("/about/").text
    assert "Our own words" not in text
    assert "nothing can be booked here yet" in text


def test_nobody_but_an_active_admin_saves(office: Office) -> None:
    with office.app.app_context():
        for actor in (a_user(Role.DOCTOR), a_user(Role.ADMIN, is_active=False)):
            with pytest.raises(NotAllowed):
                pages.save(PageSlug.ABOUT, "Mine", actor, version=0)
