"""Paying in a real browser, at a sandbox that is a process of its own: on a phone, by keyboard,
without JavaScript, with a bank that takes its time, and back without having paid."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta

import pytest
from playwright.sync_api import Browser, Page, ViewportSize, expect
from sqlalchemy import select

from app import clock
from app.extensions import db
from app.models import Payment, PayWhen, Role
from sandbox import Settings
from tests.browser.conftest import LiveServer, free_port, running, serving
from tests.browser.people import sign_in
from tests.browser.test_booking import tab_to
from tests.builders import BERLIN, a_doctor, a_patient, a_user, a_visit_type, tick
from tests.databases import CleanSlate

PATIENCE = 10_000
PHONE = ViewportSize(width=390, height=844)
SCREENS = [(390, "light"), (390, "dark"), (1440, "light"), (1440, "dark")]


@dataclass(frozen=True)
class Till:
    """A clinic whose visits are paid online, and the sandbox that its patients pay at."""

    server: LiveServer
    sandbox: str
    doctor: str
    times: str
    opening: str

    def bank_says(self, page: Page, session_id: str, way: str) -> None:
        """The bank decides; the sandbox tells our webhook of it by itself."""
        address = f"{self.sandbox}/sandbox/sessions/{session_id}/{way}"
        assert page.request.post(address).ok

    def payment(self) -> str:
        """The reference of the only payment."""
        with self.server.app.app_context():
            return db.session.scalars(select(Payment.ref)).one()


@pytest.fixture(scope="module")
def _served(
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[tuple[LiveServer, CleanSlate, str]]:
    folder, port, bank = tmp_path_factory.mktemp("paying"), free_port(), free_port()
    origin = f"http://127.0.0.1:{bank}"
    settings = Settings(origin=origin)
    keys = {
        "STRIPE_SECRET_KEY": settings.key,
        "STRIPE_WEBHOOK_SECRET": settings.webhook_secret,
        "STRIPE_ADDRESS": origin,
    }
    command = [sys.executable, "-m", "sandbox", "--port", str(bank), "--bank-seconds", "0"]
    command += ["--webhook", f"http://127.0.0.1:{port}/stripe-webhook/"]
    with (
        running(command, bank, folder / "sandbox.log"),
        serving(folder, port, **keys) as (server, slate),
    ):
        yield server, slate, origin


@pytest.fixture
def till(_served: tuple[LiveServer, CleanSlate, str]) -> Till:
    server, slate, sandbox = _served
    slate.restore()
    day = clock.today(BERLIN) + timedelta(3)
    with server.app.app_context():
        kind = a_visit_type("Check-up", 30, price_cents=4500, pay_when=PayWhen.ONLINE)
        doctor = a_doctor("Ada Berg", visit_types=[kind])
        a_patient("Ines Carvalho", "patient@example.org")
        a_user(Role.ADMIN, "Ana Sousa", "admin@example.org")
        times = f"/appointment/?doctor={doctor.ref}&visit_type={kind.ref}&day={day}"
        opening = f"#opening-{doctor.ref}-{tick(f'{day} 10:30')} button"
        return Till(server, sandbox, doctor.ref, times, opening)


@contextmanager
def a_phone(browser: Browser, till: Till, *, javascript: bool = True) -> Iterator[Page]:
    context = browser.new_context(
        base_url=till.server.url, viewport=PHONE, java_script_enabled=javascript, locale="en-GB"
    )
    page = context.new_page()
    broken: list[str] = []
    policy = "Content Security Policy"
    page.on("console", lambda said: broken.append(said.text) if policy in said.text else None)
    page.on("pageerror", lambda error: broken.append(str(error)))
    yield page
    assert broken == []
    context.close()


def go_to_pay(page: Page, till: Till) -> str:
    """Choose a time and press the button to pay; the session that one is on the page of."""
    sign_in(page, "patient@example.org")
    page.goto(till.times)
    page.locator(till.opening).click()
    page.get_by_role("button", name="Pay €45.00 and book").click()
    expect(page.get_by_role("button", name="Pay by card")).to_be_visible()
    found = re.search(r"/pay/(cs_test_\w+)$", page.url)
    assert found is not None
    return found[1]


@pytest.mark.parametrize("javascript", [True, False], ids=["with", "without"])
def test_a_visit_is_paid_on_a_phone_with_and_without_javascript(
    browser: Browser, till: Till, javascript: bool
) -> None:
    with a_phone(browser, till, javascript=javascript) as page:
        go_to_pay(page, till)
        page.get_by_role("button", name="Pay by card").click()
        expect(
            page.get_by_role("heading", name="Paid, and your visit is confirmed")
        ).to_be_visible()
        page.get_by_role("link", name="My payments").click()
        expect(page.get_by_role("listitem").filter(has_text="€45.00")).to_contain_text("Paid")


def test_a_visit_is_paid_by_keyboard_alone(browser: Browser, till: Till) -> None:
    with a_phone(browser, till) as page:
        sign_in(page, "patient@example.org")
        page.goto(till.times)
        page.locator("body").focus()
        tab_to(page, till.opening)
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", name="Review and book")).to_be_visible()
        tab_to(page, "#reason")
        page.keyboard.type("My knee hurts")
        tab_to(page, "button[formaction='/pay/']")
        page.keyboard.press("Enter")
        expect(page.get_by_role("button", name="Pay by card")).to_be_visible()
        tab_to(page, "button[value=card]")
        page.keyboard.press("Enter")
        expect(
            page.get_by_role("heading", name="Paid, and your visit is confirmed")
        ).to_be_visible()


def test_a_bank_that_is_paying_becomes_a_visit_by_itself(browser: Browser, till: Till) -> None:
    with a_phone(browser, till) as page:
        session_id = go_to_pay(page, till)
        page.get_by_role("button", name="Pay by bank debit").click()
        expect(page.get_by_role("heading", name="Your bank is paying")).to_be_visible()
        till.bank_says(page, session_id, "succeeds")
        confirmed = page.get_by_role("heading", name="Paid, and your visit is confirmed")
        expect(confirmed).to_be_visible(timeout=PATIENCE)


def test_the_webhook_confirms_though_nobody_comes_back(browser: Browser, till: Till) -> None:
    with a_phone(browser, till) as page:
        session_id = go_to_pay(page, till)
        till.bank_says(page, session_id, "card")
        page.goto("/view-appointment/")
        shows = "async () => (await (await fetch(location.href)).text()).includes('Check-up')"
        page.wait_for_function(shows, polling=100, timeout=PATIENCE)


def test_back_from_the_page_to_pay_finds_the_time_still_held(browser: Browser, till: Till) -> None:
    with a_phone(browser, till) as page:
        go_to_pay(page, till)
        page.go_back()
        expect(page.get_by_role("heading", name="Review and book")).to_be_visible()
        page.reload()
        again = page.get_by_role("button", name="Pay €45.00 and book")
        again.click()
        page.get_by_role("button", name="Go back without paying").click()
        expect(page.get_by_role("heading", name="Review and book")).to_be_visible()
        expect(again).to_be_visible()


def test_the_pages_of_money_are_accessible_on_every_screen(
    browser: Browser, till: Till, axe: Callable[[Page], None]
) -> None:
    with a_phone(browser, till) as page:
        go_to_pay(page, till)
        page.get_by_role("button", name="Pay by card").click()
        page.get_by_role("heading", name="Paid, and your visit is confirmed").wait_for()
        outcome = page.url
    whose = {
        "patient@example.org": [outcome, "/payments/"],
        "admin@example.org": [
            "/admin/payments/",
            "/admin/payments/?state=paid&method=card",
            f"/admin/payments/{till.payment()}/",
        ],
    }
    for email, addresses in whose.items():
        context = browser.new_context(base_url=till.server.url, locale="en-GB")
        page = context.new_page()
        sign_in(page, email)
        for width, theme in SCREENS:
            page.set_viewport_size({"width": width, "height": 900})
            page.emulate_media(color_scheme=theme)  # type: ignore[arg-type]
            for address in addresses:
                page.goto(address)
                axe(page)
                wider = page.evaluate("document.documentElement.scrollWidth - innerWidth")
                assert wider <= 0, f"{page.url} is {wider} px wider than {width}"
        context.close()
