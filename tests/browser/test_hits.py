"""What a change of hours hits, answered one by one with nothing but the keyboard, with scripts and
without."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from playwright.sync_api import Browser, Page, expect

from app import clock
from app.extensions import db
from app.models import Appointment
from tests.browser.conftest import LiveServer
from tests.browser.people import sign_in
from tests.builders import BERLIN, a_doctor, a_patient, at, booked


@pytest.mark.parametrize("has_scripts", [True, False])
def test_visits_that_are_hit_are_kept_or_cancelled_one_by_one_by_keyboard(
    browser: Browser, live_server: LiveServer, axe: Callable[[Page], None], has_scripts: bool
) -> None:
    day = clock.today(BERLIN) + timedelta(7)
    with live_server.app.app_context():
        doctor = a_doctor(email="doctor@example.org")
        for name, time in (("Ann Oz", "09:30"), ("Bob Ek", "10:30")):
            booked(a_patient(name), doctor, at(f"{day} {time}"))
    context = browser.new_context(base_url=live_server.url, java_script_enabled=has_scripts)
    page = context.new_page()
    sign_in(page, "doctor@example.org")
    page.goto("/board/time-off/")
    page.locator("[name=off-first_day]").fill(day.isoformat())
    page.get_by_role("button", name="Take this time off").press("Enter")
    expect(page.get_by_role("radio", name="Keep", exact=True)).to_have_count(0)

    page.get_by_role("radio", name="Keep all").focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    each = page.locator(".hit-each")
    each.nth(0).get_by_label("Keep").press("Space")
    each.nth(1).get_by_label("Cancel").press("Space")
    page.get_by_label("Message to the patients").fill("I am ill.")
    if has_scripts:
        axe(page)
    page.get_by_role("button", name="Take this time off").press("Enter")
    expect(page.get_by_text("The time off is saved.")).to_be_visible()
    with live_server.app.app_context():
        visits = db.session.query(Appointment).order_by(Appointment.starts_at)
        assert [visit.status for visit in visits] == ["confirmed", "cancelled"]
    context.close()
