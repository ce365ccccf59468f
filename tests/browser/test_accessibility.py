"""Every page, in both themes and on a phone: axe finds nothing, the policy is never broken, nothing
leaves this site, and nothing is wider than the screen."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, Page

from tests.browser.conftest import LiveServer
from tests.browser.people import Clinic, open_clinic, sign_in

PAGES = {
    "": [
        "/",
        "/?specialty=cardiology",
        "/?name=nobody",
        "/doctors/{doctor}/",
        "/prices/",
        "/about/",
        "/contact/",
        "/appointment/",
        "{times}",
        "/appointment/?specialty=cardiology&doctor=any&visit_type={visit_type}&day={day}",
        "/login/",
        "/register/",
        "/register/doctor/",
        "/forgot-password/",
        "/unsubscribe/{stop}/",
        "/no-such-page/",
    ],
    "patient@example.org": [
        "/view-appointment/",
        "/view-appointment/?when=past",
        "/appointment-details/{appointment}/",
        "/appointment-details/{appointment}/cancel/",
        "/appointment-details/{appointment}/move/",
        "/appointment/booked/{appointment}/",
        "/profile/",
        "/profile/password/",
        "/profile/sessions/",
        "/account/messages/",
        "/payments/",
        "/admin/",
    ],
    "doctor@example.org": [
        "/board/",
        "/board/?day={day}",
        "/board/visit/{appointment}/",
        "/account/messages/",
        "/my-page/",
        "/my-page/preview/",
        "/board/week/",
        "/board/week/?day={day}",
        "/board/week/?day={day}&view=day",
        "/board/week/why/?at=5986000",
        "/board/sheet/?day={day}",
        "/board/find/",
        "/board/today/",
        "/board/visit/{finished}/",
        "/board/visit/{finished}/follow-up/?weeks=4",
        "/board/book/",
        "/board/book/?q=ines",
        "/board/book/?patient={user}&day={day}",
        "/board/book/?patient={user}&type={visit_type}&day={day}",
        "/board/book/overbook/?patient={user}&type={visit_type}&day={day}&time=09:00",
        "/board/book/new-patient/",
        "/board/book/?patient={unreached}",
        "/board/patient/{unreached}/e-mail/",
        "/board/hours/",
        "/board/time-off/",
    ],
    "admin@example.org": [
        "/admin/",
        "/admin/users/",
        "/admin/users/new/",
        "/admin/users/{user}/",
        "/admin/users/{unreached}/",
        "/admin/doctors/",
        "/admin/doctors/{doctor}/",
        "/admin/profile-changes/",
        "/admin/profile-changes/{doctor}/",
        "/my-page/?doctor={doctor}",
        "/board/book/",
        "/board/book/?doctor={doctor}&patient={user}&type={visit_type}&day={day}",
        "/board/hours/?doctor={doctor}",
        "/board/time-off/?doctor={doctor}",
        "/admin/appointments/",
        "/admin/payments/",
        "/admin/payments/{paid}/",
        "/payments/{paid}/receipt/",
        "/admin/audit/",
        "/admin/messages/",
        "/admin/messages/?state=undelivered&q=nobody",
        "/admin/messages/retry/",
        "/admin/messages/1/",
        "/admin/settings/",
        "/admin/pages/",
        "/admin/pages/about/",
        "/admin/setup/",
        "/admin/setup/clinic/",
        "/admin/setup/offer/",
        "/admin/clinic/",
        "/admin/specialties/",
        "/admin/specialties/?removed={removed}",
        "/admin/specialties/new/",
        "/admin/specialties/cardiology/",
        "/admin/locations/",
        "/admin/locations/new/",
        "/admin/locations/main-street-practice/",
        "/admin/visit-types/",
        "/admin/visit-types/new/",
        "/admin/visit-types/{visit_type}/",
        "/admin/closures/",
        "/admin/closures/new/",
        "/board/",
        "/board/?doctor={doctor}&day={day}",
        "/board/week/",
        "/board/week/?doctor={doctor}&day={day}",
        "/board/find/?doctor={doctor}",
    ],
}


@pytest.fixture
def clinic(live_server: LiveServer) -> Clinic:
    return open_clinic(live_server.app)


@pytest.fixture(params=[(390, "dark"), (390, "light"), (1440, "dark"), (1440, "light")])
def screen(
    browser: Browser, live_server: LiveServer, request: pytest.FixtureRequest
) -> Iterator[Page]:
    width, theme = request.param
    context = browser.new_context(
        base_url=live_server.url,
        viewport={"width": width, "height": 900},
        color_scheme=theme,
        locale="en-GB",
    )
    yield context.new_page()
    context.close()


@pytest.mark.parametrize("who", PAGES, ids=lambda who: who.partition("@")[0] or "visitor")
def test_every_page_is_accessible_and_keeps_the_policy(
    screen: Page, clinic: Clinic, axe: Callable[[Page], None], live_server: LiveServer, who: str
) -> None:
    broken: list[str] = []
    screen.on("console", lambda said: broken.append(said.text) if _is_policy(said.text) else None)
    screen.on("pageerror", lambda error: broken.append(str(error)))
    screen.on("request", lambda asked: _note_stranger(broken, asked.url, live_server.url))
    if who:
        sign_in(screen, who)

    for pattern in PAGES[who]:
        screen.goto(
            pattern.format(
                doctor=clinic.doctor,
                visit_type=clinic.visit_type,
                appointment=clinic.appointment,
                day=clinic.day,
                user=clinic.user,
                times=clinic.times,
                finished=clinic.finished,
                unreached=clinic.unreached,
                paid=clinic.paid,
                stop=clinic.stop,
                removed=clinic.removed,
            )
        )
        axe(screen)
        width = screen.evaluate("document.documentElement.scrollWidth - innerWidth")
        assert width <= 0, f"{screen.url} is {width} px wider than the screen"

    assert broken == []


def _is_policy(said: str) -> bool:
    return "Content Security Policy" in said


def _note_stranger(broken: list[str], asked: str, own: str) -> None:
    if not asked.startswith((own, "data:", "blob:")):
        broken.append(f"asked {asked}")
