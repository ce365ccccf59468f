"""The page of one's messages and calendar, with scripts and without."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Browser, Page, expect

from app.extensions import db
from app.models import Patient
from tests.browser.conftest import LiveServer
from tests.browser.people import sign_in
from tests.builders import a_patient


@pytest.mark.parametrize("has_scripts", [True, False])
def test_times_of_ones_own_are_asked_for_only_where_they_count(
    browser: Browser, live_server: LiveServer, has_scripts: bool
) -> None:
    with live_server.app.app_context():
        a_patient("Ines Carvalho", "patient@example.org")
    context = browser.new_context(base_url=live_server.url, java_script_enabled=has_scripts)
    page = context.new_page()
    sign_in(page, "patient@example.org")
    page.goto("/account/messages/")
    expect(page.get_by_label("14 days")).to_be_hidden()
    page.get_by_label("At times of my own").check()
    page.get_by_label("14 days").check()
    page.get_by_role("button", name="Save the reminders").click()
    expect(page.get_by_text("Your reminders are saved.")).to_be_visible()
    expect(page.get_by_label("14 days")).to_be_checked()
    page.get_by_label("No reminders").check()
    expect(page.get_by_label("14 days")).to_be_hidden()
    with live_server.app.app_context():
        patient = db.session.query(Patient).one()
        assert patient.own_reminders is not None
        assert 336 in patient.own_reminders
    context.close()


def test_the_address_of_a_calendar_is_copied_with_one_press(
    browser: Browser, live_server: LiveServer, axe: Callable[[Page], None]
) -> None:
    with live_server.app.app_context():
        a_patient("Ines Carvalho", "patient@example.org")
    context = browser.new_context(base_url=live_server.url)
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    page = context.new_page()
    sign_in(page, "patient@example.org")
    page.goto("/account/messages/")
    page.get_by_role("button", name="Make an address").click()
    shown = page.get_by_label("The secret address of your calendar").input_value()
    page.get_by_role("button", name="Copy").press("Enter")
    expect(page.locator("#announcer")).to_have_text("Copied")
    assert page.evaluate("navigator.clipboard.readText()") == shown
    page.get_by_text("Somebody else has seen it").click()
    axe(page)
    assert page.request.get(shown).status == 200
    context.close()
