"""The form of a doctor's page in a real browser: a picture that is too big costs nothing else that
was typed, and a preview stores nothing."""

from __future__ import annotations

from io import BytesIO
from random import Random

import pytest
from PIL import Image
from playwright.sync_api import FilePayload, Page, expect

from tests.browser.conftest import LiveServer
from tests.browser.people import sign_in
from tests.builders import a_doctor, a_visit_type


@pytest.fixture
def form(page: Page, live_server: LiveServer) -> Page:
    with live_server.app.app_context():
        a_doctor("Ada Berg", visit_types=[a_visit_type("Check-up")], email="doctor@example.org")
    sign_in(page, "doctor@example.org")
    page.goto("/my-page/")
    page.get_by_label("About you").fill("Typed for an hour.")
    page.get_by_label("Check-up: own length in minutes").fill("45")
    return page


def a_photo(edge: int) -> FilePayload:
    """A photograph that no format makes smaller: at an edge of 1000 pixels, three megabytes."""
    noise = Random(1).randbytes(edge * edge * 3)
    content = BytesIO()
    Image.frombytes("RGB", (edge, edge), noise).save(content, "PNG")
    return {"name": "me.png", "mimeType": "image/png", "buffer": content.getvalue()}


@pytest.mark.parametrize("edge", [1000, 2000])
def test_a_picture_that_is_too_big_costs_nothing_else(form: Page, edge: int) -> None:
    form.get_by_label("Choose a picture").set_input_files(a_photo(edge))
    form.get_by_role("button", name="Save").click()
    expect(form.locator("#portrait-error")).to_contain_text("at most 2 MB")
    expect(form.get_by_label("About you")).to_have_value("Typed for an hour.")
    expect(form.get_by_label("Check-up: own length in minutes")).to_have_value("45")
    form.get_by_label("Choose a picture").set_input_files(a_photo(500))
    form.get_by_role("button", name="Save").click()
    expect(form.get_by_text("Saved. An admin looks at it")).to_be_visible()
    expect(form.get_by_label("About you")).to_have_value("Typed for an hour.")


def test_the_preview_shows_the_form_and_leads_back_to_it(form: Page) -> None:
    form.get_by_label("Choose a picture").set_input_files(a_photo(500))
    form.get_by_role("button", name="Preview").click()
    expect(form.get_by_text("Nothing is saved yet.")).to_be_visible()
    expect(form.get_by_text("Typed for an hour.")).to_be_visible()
    expect(form.get_by_text("45 min").first).to_be_visible()
    expect(form.locator(".doctor-head img.portrait")).to_be_visible()
    form.get_by_role("button", name="Back to the form").click()
    expect(form.get_by_label("About you")).to_have_value("Typed for an hour.")
    expect(form.locator(".page-portrait img.portrait")).to_be_visible()
    form.goto("/my-page/")
    expect(form.get_by_label("About you")).to_have_value("")
