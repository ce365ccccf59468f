"""Letters as they are seen: on a phone and in a window, on white and on dark paper, offline."""

from __future__ import annotations

from datetime import timedelta

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser

from app.messaging import letters
from app.models import MessageKind, OutboxMessage
from app.signing import Signer
from tests.browser.conftest import LiveServer
from tests.builders import a_doctor, a_patient, a_visit_type, booked, policy, tomorrow_at

WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
KINDS = [
    MessageKind.APPOINTMENT_CONFIRMED,
    MessageKind.ALREADY_REGISTERED,
    MessageKind.PASSWORD_CHANGED,
]


@pytest.fixture
def pages(live_server: LiveServer) -> list[str]:
    """The HTML of letters about a visit with long names, and about an account."""
    with live_server.app.app_context():
        policy(name="Lindenhof " + "Gemeinschaftspraxis" * 3, colour="#000080")
        kind = a_visit_type("Untersuchung", preparation="Nothing" * 30)
        patient = a_patient("Ines " + "Carvalho" * 9)
        visit = booked(
            patient, a_doctor(visit_types=[kind]), tomorrow_at("10:30") + timedelta(days=2)
        )
        written = []
        for about in KINDS:
            message = OutboxMessage(
                id=1_000_000,
                kind=about,
                language="en",
                recipient=patient.user.email,
                user=patient.user,
                appointment=visit if "appointment" in about.value else None,
                details={},
                created_at=visit.created_at,
            )
            sender, signer = "no-reply@clinic.example", Signer("a key")
            letter = letters.write(
                message, "https://clinic.example", sender, signer, visit.created_at
            )
            assert letter is not None
            written.append(letter.html)
        return written


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [320, 390, 700])
def test_a_letter_is_read_and_pressed_with_ease(
    browser: Browser, pages: list[str], scheme, width: int
) -> None:
    context = browser.new_context(
        viewport={"width": width, "height": 700},
        color_scheme=scheme,
        offline=True,
    )
    page = context.new_page()
    for html in pages:
        page.set_content(html)
        results = Axe().run(page, options={"runOnly": WCAG, "resultTypes": ["violations"]})
        assert not results.violations_count, results.generate_report()
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert page.evaluate("getComputedStyle(document.body).fontSize") == "16px"
        buttons = page.locator("td.main a, td.other a")
        assert buttons.count() > 0
        for button in buttons.all():
            box = button.bounding_box()
            assert box is not None
            assert box["height"] >= 44
            assert box["x"] + box["width"] <= width
    context.close()
