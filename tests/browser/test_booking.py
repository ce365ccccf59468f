"""The whole booking in a real browser: by hand, by keyboard, without JavaScript, and live."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from app.scheduling import holds
from app.scheduling.holders import Holder
from tests.browser.conftest import LiveServer
from tests.browser.people import Clinic, open_clinic, sign_in
from tests.builders import PASSWORD, tick

WITHIN_FIVE_SECONDS = 5_500


@pytest.fixture
def clinic(live_server: LiveServer) -> Clinic:
    return open_clinic(live_server.app)


@pytest.fixture
def plain_page(browser: Browser, live_server: LiveServer) -> Iterator[Page]:
    """A browser with JavaScript off."""
    context = browser.new_context(
        java_script_enabled=False, base_url=live_server.url, locale="en-GB"
    )
    yield context.new_page()
    context.close()


def opening(clinic: Clinic, time: str) -> str:
    """The button of a time on the clinic's day."""
    return f"#opening-{clinic.doctor}-{tick(f'{clinic.day} {time}')} button"


def register(page: Page) -> None:
    page.locator("input[name=name]").fill("Noor Haddad")
    page.locator("input[name=email]").fill("noor@example.org")
    page.locator("input[name=password]").fill(PASSWORD)
    page.locator("main form button[type=submit]").first.click()


def test_a_newcomer_finds_holds_registers_and_books(page: Page, clinic: Clinic) -> None:
    page.goto("/")
    page.locator("#specialty").select_option("cardiology")
    page.wait_for_url("**/?specialty=cardiology")
    page.locator(f"#doctor-{clinic.doctor}").get_by_role("link", name="More times").click()
    page.get_by_text("Check-up").click()
    page.locator(f"#day-{clinic.day} a").click()
    page.locator(opening(clinic, "10:30")).click()
    expect(page.get_by_role("heading", name="Review and book")).to_be_visible()
    page.get_by_label("What is it about?").fill("My knee hurts")
    page.get_by_role("button", name="Register and book").click()
    register(page)
    expect(page.get_by_label("What is it about?")).to_have_value("My knee hurts")
    page.get_by_role("button", name="Book this visit").click()
    expect(page.get_by_role("heading", name="Your visit is confirmed")).to_be_visible()
    page.goto("/view-appointment/")
    expect(page.get_by_text("with Dr. Ada Berg")).to_be_visible()


def test_the_same_without_javascript(plain_page: Page, clinic: Clinic) -> None:
    page = plain_page
    page.goto("/appointment/")
    page.locator("#specialty").select_option("cardiology")
    page.get_by_role("button", name="Go on").click()
    page.locator("#doctor").select_option(clinic.doctor)
    page.get_by_role("button", name="Go on").click()
    page.get_by_text("Check-up").click()
    page.get_by_role("button", name="Show the times").click()
    page.locator(f"#day-{clinic.day} a").click()
    page.locator(opening(clinic, "10:30")).click()
    page.get_by_label("What is it about?").fill("My knee hurts")
    page.get_by_role("button", name="Register and book").click()
    register(page)
    expect(page.get_by_label("What is it about?")).to_have_value("My knee hurts")
    page.get_by_role("button", name="Book this visit").click()
    expect(page.get_by_role("heading", name="Your visit is confirmed")).to_be_visible()


def test_the_whole_booking_works_by_keyboard(page: Page, clinic: Clinic) -> None:
    sign_in(page, "patient@example.org")
    page.goto(clinic.times)
    page.locator("body").focus()

    tab_to(page, opening(clinic, "10:30"))
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Review and book")).to_be_visible()
    tab_to(page, "#reason")
    page.keyboard.type("My knee hurts")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")

    expect(page.get_by_role("heading", name="Your visit is confirmed")).to_be_visible()


def tab_to(page: Page, selector: str, at_most: int = 150) -> None:
    """Press Tab until the element has focus."""
    for _ in range(at_most):
        page.keyboard.press("Tab")
        if page.evaluate("s => document.activeElement.matches(s)", selector):
            return
    pytest.fail(f"Tab never reaches {selector}")


def test_an_opening_taken_elsewhere_goes_and_one_given_back_comes(
    page: Page, clinic: Clinic, live_server: LiveServer
) -> None:
    page.goto(clinic.times)
    taken, kept = page.locator(opening(clinic, "10:30")), page.locator(opening(clinic, "14:00"))
    kept.focus()
    elsewhere = Holder("a browser elsewhere", None, "192.0.2.7")

    with live_server.app.app_context():
        start = tick(f"{clinic.day} 10:30")
        held = holds.hold(elsewhere, clinic.doctor, clinic.visit_type, start, "key-elsewhere").ref
    expect(taken).to_have_count(0, timeout=WITHIN_FIVE_SECONDS)
    expect(kept).to_be_focused()

    with live_server.app.app_context():
        holds.release(elsewhere, held)
    expect(taken).to_be_visible(timeout=WITHIN_FIVE_SECONDS)
    expect(kept).to_be_focused()


def test_leaving_the_booking_gives_the_time_back(
    page: Page, clinic: Clinic, live_server: LiveServer
) -> None:
    page.goto(clinic.times)
    page.locator(opening(clinic, "10:30")).click()
    expect(page.get_by_role("heading", name="Review and book")).to_be_visible()

    page.get_by_role("link", name="Docket").first.click()
    page.wait_for_url("**/")
    # What a page says as it is left arrives when the browser likes, maybe after the next request.
    shows = "async ([address, words]) => (await (await fetch(address)).text()).includes(words)"
    nothing_held = "No time chosen yet"
    page.wait_for_function(shows, arg=[clinic.times, nothing_held], polling=100)
    page.goto(clinic.times)

    expect(page.locator(opening(clinic, "10:30"))).to_be_visible()
    expect(page.get_by_text(nothing_held)).to_be_attached()


def test_reload_and_back_keep_the_choices(page: Page, clinic: Clinic) -> None:
    page.goto(f"/appointment/?doctor={clinic.doctor}")
    page.get_by_text("Check-up").click()
    page.locator(f"#day-{clinic.day} a").click()
    expect(page.locator(opening(clinic, "10:30"))).to_be_visible()

    page.reload()
    expect(page.locator(opening(clinic, "10:30"))).to_be_visible()
    page.go_back()
    expect(page.get_by_role("radio", name="Check-up")).to_be_checked()


def test_a_second_screen_of_the_board_sees_a_change(
    page: Page, browser: Browser, clinic: Clinic, live_server: LiveServer
) -> None:
    second = browser.new_context(base_url=live_server.url, locale="en-GB").new_page()
    for screen in (page, second):
        sign_in(screen, "doctor@example.org")
        screen.goto(f"/board/?day={clinic.day}")
    row = f"#visit-{clinic.appointment}"

    page.locator(row).get_by_role("button", name="Approve").click()

    expect(page.locator(row)).to_have_attribute("data-status", "confirmed")
    expect(second.locator(row)).to_have_attribute(
        "data-status", "confirmed", timeout=WITHIN_FIVE_SECONDS
    )
    second.context.close()


def test_a_patient_sees_the_status_change_while_the_page_is_open(
    page: Page, browser: Browser, clinic: Clinic, live_server: LiveServer
) -> None:
    sign_in(page, "patient@example.org")
    page.goto(f"/appointment-details/{clinic.appointment}/")
    other = browser.new_context(base_url=live_server.url, locale="en-GB").new_page()
    sign_in(other, "doctor@example.org")
    other.goto(f"/board/?day={clinic.day}")

    other.locator(f"#visit-{clinic.appointment}").get_by_role("button", name="Approve").click()

    expect(page.locator("#details").get_by_role("status")).to_contain_text(
        "Confirmed", timeout=6_500
    )
    other.context.close()
