"""The doctor's week by finger and by mouse: what is small can still be hit, and what is shown is
not cut in half."""

from __future__ import annotations

from datetime import timedelta

import pytest
from playwright.sync_api import Page, expect

from app import clock
from tests.browser.conftest import LiveServer
from tests.browser.people import sign_in
from tests.builders import BERLIN, a_doctor, a_patient, a_visit_type, at, booked

# Whether each link has a square of that size in which nothing else is hit, upright from its middle.
TOO_SMALL = """
size => [...document.querySelectorAll(".agenda-flow a")].filter(link => {
  if (!link.checkVisibility()) return false;
  link.scrollIntoView({block: "center"});
  const box = link.getBoundingClientRect();
  const isHit = (x, y) => link.contains(document.elementFromPoint(x, y));
  const isFree = (x, y) => [1, size / 2, size - 1.5].every(
    across => [1, size / 4, size / 2, size * 3 / 4, size - 1.5].every(
      down => isHit(x + across, y + down)));
  const lefts = [box.left, box.right - size, box.right - 2 * size, box.right - 3 * size];
  for (let y = box.top - size / 2; y <= box.bottom; y += 0.5)
    if (lefts.some(x => isFree(x, y))) return false;
  return true;
}).map(link => link.textContent)
"""

# The lines of a visit that begin within its box and end below it.
CUT = """
() => [...document.querySelectorAll(".agenda-visit")].flatMap(visit => {
  const end = visit.getBoundingClientRect().bottom;
  return [...visit.children].flatMap(part => [...part.getClientRects()]).filter(
    line => line.top < end - 2 && line.bottom > end + 1);
}).length
"""


@pytest.fixture
def agenda(page: Page, live_server: LiveServer) -> Page:
    """A day of short visits one after the other, with five and ten minutes kept free between."""
    day = clock.today(BERLIN) + timedelta(7)
    with live_server.app.app_context():
        kinds = [
            a_visit_type(f"Visit of {minutes} minutes", minutes, step=5, buffer_after=after)
            for minutes, after in ((15, 5), (20, 10), (25, 5), (30, 10), (60, 5))
        ]
        doctor = a_doctor(visit_types=kinds, email="doctor@example.org")
        start = at(f"{day} 09:00")
        for _ in range(2):
            for kind in kinds:
                booked(a_patient("Maximiliane Freifrau von Hohenberg"), doctor, start, kind)
                start += timedelta(minutes=kind.minutes + kind.buffer_after)
    sign_in(page, "doctor@example.org")
    page.goto(f"/board/week/?day={day}")
    return page


@pytest.mark.parametrize(("width", "size"), [(390, 44), (980, 24), (1440, 24)])
@pytest.mark.parametrize("view", ["Week", "Day"])
def test_every_visit_and_every_empty_time_can_be_hit(
    agenda: Page, width: int, size: int, view: str
) -> None:
    agenda.set_viewport_size({"width": width, "height": 900})
    agenda.get_by_label("Week or day").get_by_role("link", name=view).click()
    agenda.wait_for_load_state()
    assert agenda.locator(".agenda-flow a").count() > 20
    assert agenda.evaluate(TOO_SMALL, size) == []


@pytest.mark.parametrize("view", ["Week", "Day"])
def test_no_line_of_a_visit_is_cut_in_half(agenda: Page, view: str) -> None:
    agenda.set_viewport_size({"width": 1440, "height": 900})
    agenda.get_by_label("Week or day").get_by_role("link", name=view).click()
    agenda.wait_for_load_state()
    assert agenda.locator(".agenda-visit").count() == 10
    assert agenda.evaluate(CUT) == 0


def test_short_visits_say_their_status_where_there_is_room(agenda: Page) -> None:
    agenda.set_viewport_size({"width": 1440, "height": 900})
    of_twenty_minutes = agenda.locator(".agenda-visit").nth(1)
    word = of_twenty_minutes.get_by_text("Confirmed").bounding_box()
    visit = of_twenty_minutes.bounding_box()
    assert word is not None
    assert visit is not None
    assert word["y"] + word["height"] <= visit["y"] + visit["height"]


def test_the_agenda_is_printed_as_a_list_of_visits(agenda: Page) -> None:
    agenda.emulate_media(media="print")
    assert agenda.get_by_text("Maximiliane Freifrau von Hohenberg").first.is_visible()
    assert agenda.locator(".stretch").locator("visible=true").count() == 0
    assert agenda.get_by_text("Choose a free time").is_hidden()


def test_a_tap_on_an_empty_time_says_why_on_a_phone(agenda: Page) -> None:
    agenda.set_viewport_size({"width": 390, "height": 844})
    agenda.get_by_role("link", name="– 09:20").click()
    expect(agenda.get_by_text("Kept free around the visit").first).to_be_visible()
