"""What somebody chooses to be told, and their calendar feed, by the page of their account."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from app.accounts import administration
from app.clinic import history
from app.models import AgendaMail, Doctor, Patient, Role, User
from tests.auth.steps import JANE, see_again
from tests.builders import a_doctor, a_patient, a_user, policy
from tests.conftest import FrozenClock
from tests.pages import ORIGIN, Form, Page, Visitor

Browsers = Callable[[], Visitor]
PAGE = "/account/messages/"
REMINDERS, AGENDA = f"{PAGE}reminders/", f"{PAGE}agenda/"
FEED, OFF, NAMES = f"{PAGE}calendar/", f"{PAGE}calendar/off/", f"{PAGE}calendar/names/"


@pytest.fixture
def jane(clinic: FrozenClock, visitor: Visitor) -> Patient:
    patient = a_patient("Jane Doe", JANE)
    visitor.sign_in(patient.user.id)
    return patient


@pytest.fixture
def ada(clinic: FrozenClock, visitor: Visitor) -> Doctor:
    doctor = a_doctor("Ada Berg", email=JANE)
    visitor.sign_in(doctor.user.id)
    return doctor


def own(patient: Patient) -> list[int] | None:
    see_again(patient)
    return patient.own_reminders


def ticked(page: Page) -> set[str]:
    """The times of one's own that are ticked."""
    boxes = re.findall(r'<input[^>]*name="hours"[^>]*>', page.html)
    return {re.findall(r'value="(\d+)"', box)[0] for box in boxes if "checked" in box}


def choose(visitor: Visitor, form: Form, choice: str, *hours: int, follow: bool = True) -> Page:
    """Send the form of reminders with these boxes ticked."""
    values = {**form.values, "choice": choice, "hours": [str(one) for one in hours]}
    answer = visitor.client.post(form.action, data=values, base_url=ORIGIN, follow_redirects=follow)
    return Page(answer)


def test_everybody_finds_the_page_from_their_account(jane: Patient, visitor: Visitor) -> None:
    page = visitor.get("/profile/")
    assert f'href="{PAGE}"' in page.html
    assert 'aria-current="page"' in visitor.get(PAGE).html


def test_a_patient_is_reminded_as_the_clinic_does_it_until_they_choose(
    jane: Patient, visitor: Visitor
) -> None:
    policy(reminder_hours=(168, 24, 2))
    page = visitor.get(PAGE)
    assert page.form(REMINDERS).values["choice"] == "clinic"
    assert "7 days, 1 day and 2 hours before a visit" in page.text


def test_a_patient_chooses_times_of_their_own(jane: Patient, visitor: Visitor) -> None:
    page = choose(visitor, visitor.get(PAGE).form(REMINDERS), "own", 336, 1, 24)
    assert "Your reminders are saved" in page.text
    assert own(jane) == [336, 24, 1]
    assert page.form(REMINDERS).values["choice"] == "own"
    assert ticked(page) == {"336", "24", "1"}
    event = history.of("patient", jane.id)[0]
    assert (event.actor_id, event.before, event.after) == (
        jane.user_id,
        {"own_reminders": None},
        {"own_reminders": [336, 24, 1]},
    )


@pytest.mark.parametrize(("choice", "stored"), [("none", []), ("clinic", None)])
def test_ticks_count_only_for_times_of_ones_own(
    jane: Patient, visitor: Visitor, choice: str, stored: list[int] | None
) -> None:
    choose(visitor, visitor.get(PAGE).form(REMINDERS), "own", 48)
    page = choose(visitor, visitor.get(PAGE).form(REMINDERS), choice, 48, 24)
    assert own(jane) == stored
    assert page.form(REMINDERS).values["choice"] == choice


def test_times_of_ones_own_without_a_time_are_asked_for(jane: Patient, visitor: Visitor) -> None:
    page = choose(visitor, visitor.get(PAGE).form(REMINDERS), "own")
    assert page.status == 422
    assert "Tick at least one time, or choose no reminders." in page.text
    assert page.form(REMINDERS).values["choice"] == "own"
    assert own(jane) is None


@pytest.mark.parametrize("hours", ["5", "-1", "1e3", "", "24.0", "１", "x", "9" * 30])
def test_a_time_that_is_not_offered_is_refused(jane: Patient, visitor: Visitor, hours: str) -> None:
    form = visitor.get(PAGE).form(REMINDERS)
    page = visitor.submit(form, choice="own", hours=hours)
    assert page.status == 422
    assert own(jane) is None


def test_of_two_tabs_the_second_is_shown_what_the_first_has_stored(
    jane: Patient, visitor: Visitor
) -> None:
    stale = visitor.get(PAGE).form(REMINDERS)
    choose(visitor, visitor.get(PAGE).form(REMINDERS), "own", 48)
    page = choose(visitor, stale, "own", 2)
    assert page.status == 409
    assert own(jane) == [48]
    assert "has changed this meanwhile" in page.text
    assert "2 days" in page.text
    assert ticked(page) == {"2"}, "what was typed is kept"
    page = choose(visitor, page.form(REMINDERS), "own", 2)
    assert page.status == 200
    assert own(jane) == [2]


def test_the_same_form_sent_twice_is_saved_once(jane: Patient, visitor: Visitor) -> None:
    form = visitor.get(PAGE).form(REMINDERS)
    assert [choose(visitor, form, "own", 2, 24).status for _ in range(2)] == [200, 200]
    assert own(jane) == [24, 2]
    assert len(history.of("patient", jane.id)) == 1


def test_a_doctor_chooses_the_agenda_and_whether_to_be_told_of_changes(
    ada: Doctor, visitor: Visitor
) -> None:
    page = visitor.get(PAGE)
    assert page.form(AGENDA).values["agenda"] == "never"
    assert page.form(AGENDA).values["changes"]
    form = page.form(AGENDA)
    del form.values["changes"]
    page = visitor.submit(form, agenda="evening")
    see_again(ada)
    assert (ada.agenda_mail, ada.mail_changes) == (AgendaMail.EVENING, False)
    assert "changes" not in page.form(AGENDA).values
    visitor.submit(page.form(AGENDA), agenda="morning", changes="y")
    see_again(ada)
    assert (ada.agenda_mail, ada.mail_changes) == (AgendaMail.MORNING, True)
    assert {event.action for event in history.of("doctor", ada.id)} == {"doctor.messages"}


def agenda_of(doctor: Doctor) -> AgendaMail:
    see_again(doctor)
    return doctor.agenda_mail


def test_of_two_tabs_of_a_doctor_the_second_overwrites_nothing(
    ada: Doctor, visitor: Visitor
) -> None:
    stale = visitor.get(PAGE).form(AGENDA)
    visitor.submit(visitor.get(PAGE).form(AGENDA), agenda="evening")
    page = visitor.submit(stale, agenda="morning")
    assert page.status == 409
    assert "In the evening before" in page.text
    assert page.form(AGENDA).values["agenda"] == "morning"
    assert agenda_of(ada) is AgendaMail.EVENING
    visitor.submit(page.form(AGENDA), agenda="morning")
    assert agenda_of(ada) is AgendaMail.MORNING


def test_a_wrong_choice_is_refused(ada: Doctor, visitor: Visitor) -> None:
    for agenda in ("hourly", "", "NEVER"):
        assert visitor.submit(visitor.get(PAGE).form(AGENDA), agenda=agenda).status == 422


def test_an_admin_sees_what_always_comes_and_has_nothing_to_choose(
    clinic: FrozenClock, visitor: Visitor
) -> None:
    visitor.sign_in(a_user(Role.ADMIN).id)
    page = visitor.get(PAGE)
    assert page.status == 200
    assert "What always comes" in page.text
    assert [form.action for form in page.forms if form.action.startswith(PAGE)] == []


def feed_of(page: Page) -> str:
    """The feed's address as it stands on the page, without the site."""
    found = re.search(r'id="feed" value="http://127.0.0.1:8000(/calendar/[^"]+)"', page.html)
    assert found is not None
    return found[1]


def test_an_address_is_made_shown_and_readable(
    jane: Patient, visitor: Visitor, another: Browsers
) -> None:
    page = visitor.get(PAGE)
    assert "/calendar/" not in page.html.replace("messages/calendar/", "")
    page = visitor.submit(page.form(FEED))
    path = feed_of(page)
    assert f'href="webcal://127.0.0.1:8000{path}"' in page.html
    assert "without logging in" in page.text
    assert another().get(path).status == 200


def test_another_address_ends_the_one_before(
    jane: Patient, visitor: Visitor, another: Browsers
) -> None:
    first = visitor.submit(visitor.get(PAGE).form(FEED))
    second = visitor.submit(first.form(FEED))
    assert "The old one no longer works" in second.text
    assert another().get(feed_of(first)).status == 404
    assert another().get(feed_of(second)).status == 200


def test_a_feed_is_turned_off(jane: Patient, visitor: Visitor, another: Browsers) -> None:
    page = visitor.submit(visitor.get(PAGE).form(FEED))
    after = visitor.submit(page.form(OFF))
    assert "turned off" in after.text
    assert "webcal" not in after.html
    assert another().get(feed_of(page)).status == 404


def test_a_tab_that_has_grown_old_changes_no_address(
    jane: Patient, visitor: Visitor, another: Browsers
) -> None:
    old = visitor.get(PAGE).form(FEED)
    page = visitor.submit(visitor.get(PAGE).form(FEED))
    again = visitor.submit(old)
    assert again.status == 409
    assert "in another window" in again.text
    assert feed_of(again) == feed_of(page)
    assert another().get(feed_of(page)).status == 200


@pytest.mark.parametrize("number", ["", "-1", "1e3", "x", "2147483648", "１"])
def test_an_address_is_made_for_a_number_that_can_be(
    jane: Patient, visitor: Visitor, number: str
) -> None:
    assert visitor.submit(visitor.get(PAGE).form(FEED), number=number).status == 400


def test_a_doctor_turns_names_on_and_off(ada: Doctor, visitor: Visitor) -> None:
    page = visitor.submit(visitor.get(PAGE).form(NAMES), names="yes")
    assert "Your calendar names your patients" in page.text
    assert page.form(NAMES).values["names"] == "yes"
    form = page.form(NAMES)
    stale = dict(form.values)
    del form.values["names"]
    page = visitor.submit(form)
    assert "does not name your patients" in page.text
    see_again(ada)
    assert ada.names_in_feed is False
    page = visitor.post(NAMES, stale)
    assert page.status == 409
    see_again(ada)
    assert ada.names_in_feed is False


def test_a_closed_account_has_no_feed_any_more(
    jane: Patient, visitor: Visitor, another: Browsers
) -> None:
    path = feed_of(visitor.submit(visitor.get(PAGE).form(FEED)))
    user: User = jane.user
    see_again(user)
    administration.set_active(user, False, a_user(Role.ADMIN), version=user.version)
    assert another().get(path).status == 404


def test_the_page_is_kept_by_no_cache(jane: Patient, visitor: Visitor) -> None:
    answer = visitor.client.get(PAGE, base_url=ORIGIN)
    assert answer.headers["Cache-Control"] == "no-store"
