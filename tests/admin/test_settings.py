"""The clinic's settings: bounds beside the field, defaults, two editors, and who changed what."""

from __future__ import annotations

from typing import Any

import pytest

from app.clinic import policy, settings
from app.clinic.settings import ClinicSettings
from app.errors import ChangedMeanwhile, NotAllowed
from app.extensions import db
from app.models import Role, User
from app.scheduling import openings
from tests.admin.conftest import Office
from tests.builders import a_doctor, a_patient, a_user, booked, tomorrow_at
from tests.builders import policy as decide
from tests.pages import Form, Page

ADDRESS = "/admin/settings/"


def form_of(page: Page) -> Form:
    return page.form(ADDRESS)


def stored(office: Office) -> ClinicSettings:
    with office.app.app_context():
        return settings.current()


def test_each_setting_says_its_unit_its_default_and_what_it_does(office: Office) -> None:
    page = office.admin.get(ADDRESS)
    for words in ("How far ahead", "days", "Default: 60 days", "Default: 60 minutes"):
        assert words in page.text
    names = set(form_of(page).values)
    assert set(policy.CHANGEABLE) <= names


def test_what_is_saved_holds_at_once_and_everywhere(office: Office) -> None:
    with office.app.app_context():
        a_doctor()
    page = office.admin.submit(
        form_of(office.admin.get(ADDRESS)), name="Corner Practice", horizon_days="7"
    )
    assert page.status == 200
    assert "The settings are saved" in page.text
    with office.app.app_context():
        desk = openings.desk()
        assert (desk.settings.name, desk.settings.horizon_days) == ("Corner Practice", 7)
        assert desk.catalogue.revision > 0
    assert "Corner Practice" in office.admin.get("/").text


@pytest.mark.parametrize(("typed", "kept"), [("#14595C", "#14595c"), (" 767676 ", "#767676")])
def test_a_colour_on_which_white_can_be_read_is_kept(office: Office, typed, kept) -> None:
    page = office.admin.submit(form_of(office.admin.get(ADDRESS)), colour=typed)
    assert "The settings are saved" in page.text
    assert stored(office).colour == kept


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("horizon_days", "0", "from 1 to 365"),
        ("horizon_days", "366", "from 1 to 365"),
        ("horizon_days", "-1", "from 1 to 365"),
        ("horizon_days", "６０", "from 1 to 365"),
        ("horizon_days", "1e2", "from 1 to 365"),
        ("horizon_days", "", "from 1 to 365"),
        ("hold_minutes", "9999999999999", "from 2 to 60"),
        ("minimum_notice_minutes", "x", "from 0 to 20,160"),
        ("name", " ", "Enter the clinic"),
        ("name", "x" * 81, "Use at most 80 characters"),
        ("name", "two\nlines", "line breaks"),
        ("phone", "call me", "Enter a telephone number"),
        ("email", "nobody", "Enter an e-mail address"),
        ("zone", "Europe/Atlantis", "Choose one of the time zones"),
        ("zone", "europe/berlin", "Choose one of the time zones"),
        ("currency", "XXX", "Choose one of the currencies"),
        ("currency", "eur", "Choose one of the currencies"),
        ("receipt_address", "\n".join("123456789"), "Use at most 8 lines and 400 characters"),
        ("receipt_address", "x" * 401, "Use at most 8 lines and 400 characters"),
        ("tax_line", "x" * 121, "Use at most 120 characters"),
        ("tax_line", "two\nlines", "line breaks"),
        ("free_until_hours", "337", "from 0 to 336"),
        ("free_until_hours", "-1", "from 0 to 336"),
        ("late_fee_percent", "101", "from 0 to 100"),
        ("late_fee_percent", "2.5", "from 0 to 100"),
        ("no_show_fee_percent", "-1", "from 0 to 100"),
        ("colour", "", "Enter a colour as #"),
        ("colour", "crimson", "Enter a colour as #"),
        ("colour", "#12345", "Enter a colour as #"),
        ("colour", "#１２３４５６", "Enter a colour as #"),
        ("colour", "#000000; x:url(//evil.example)", "Enter a colour as #"),
        ("colour", "#ffffff", "White words cannot be read on this colour"),
        ("colour", "#777777", "White words cannot be read on this colour"),
    ],
)
def test_what_cannot_stand_is_said_beside_the_field_and_nothing_is_lost(
    office: Office, name: str, value: str, says: str
) -> None:
    form = form_of(office.admin.get(ADDRESS))
    page = office.admin.submit(form, follow=False, **{"idle_minutes_staff": "33", name: value})
    assert page.status == 422
    assert f'id="{name}-error"' in page.html
    assert says in page.text
    kept = form_of(page).values
    assert kept["idle_minutes_staff"] == "33"
    if name not in {"zone", "currency"}:
        assert kept[name].strip() == value.strip()
    assert stored(office) == ClinicSettings()


def test_what_stands_on_prices_and_receipts_is_kept_as_it_was_typed(office: Office) -> None:
    page = office.admin.submit(
        form_of(office.admin.get(ADDRESS)),
        currency="CHF",
        receipt_address="Quay House\r\nQuay 1\r\n1000 Basel",
        tax_line=" Free of tax, article 21 ",
        free_until_hours="48",
        late_fee_percent="50",
        no_show_fee_percent="80",
    )
    assert "The settings are saved" in page.text
    now = stored(office)
    assert (now.currency, now.tax_line) == ("CHF", "Free of tax, article 21")
    assert now.receipt_address == "Quay House\nQuay 1\n1000 Basel"
    kept = (now.free_until_hours, now.late_fee_percent, now.no_show_fee_percent)
    assert kept == (48, 50, 80)
    (event,) = office.trail("clinic.settings")
    assert event.after is not None
    assert event.after["currency"] == "CHF"
    assert "Currency Before: EUR After: CHF" in page.text
    values = form_of(page).values
    assert values["receipt_address"].strip().splitlines() == ["Quay House", "Quay 1", "1000 Basel"]
    page = office.admin.submit(form_of(page), default="receipt_address")
    assert form_of(page).values["receipt_address"].strip() == ""


def test_the_terms_of_cancelling_hold_for_what_is_booked_from_now_on(office: Office) -> None:
    with office.app.app_context():
        patient, doctor = a_patient(), a_doctor()
        before = booked(patient, doctor, tomorrow_at("10:30"))
        known = (before.free_until_hours, before.late_fee_percent)
    office.admin.submit(
        form_of(office.admin.get(ADDRESS)), free_until_hours="72", late_fee_percent="30"
    )
    with office.app.app_context():
        db.session.expire_all()
        db.session.add_all([patient, doctor, before])
        after = booked(patient, doctor, tomorrow_at("11:30"))
        assert (after.free_until_hours, after.late_fee_percent) == (72, 30)
        assert (before.free_until_hours, before.late_fee_percent) == known


def test_a_notice_longer_than_the_time_ahead_is_refused(office: Office) -> None:
    form = form_of(office.admin.get(ADDRESS))
    page = office.admin.submit(form, follow=False, horizon_days="1", minimum_notice_minutes="1440")
    assert page.status == 422
    assert "nothing could ever be booked" in page.text


def test_a_default_is_filled_in_and_saved_only_with_the_rest(office: Office) -> None:
    with office.app.app_context():
        decide(horizon_days=90)
    page = office.admin.get(ADDRESS)
    assert ("default", "horizon_days") in form_of(page).buttons
    page = office.admin.submit(form_of(page), default="horizon_days", hold_minutes="17")
    values = form_of(page).values
    assert (values["horizon_days"], values["hold_minutes"]) == ("60", "17")
    assert stored(office).horizon_days == 90
    office.admin.submit(form_of(page))
    assert (stored(office).horizon_days, stored(office).hold_minutes) == (60, 17)


def test_only_settings_have_defaults(office: Office) -> None:
    form = form_of(office.admin.get(ADDRESS))
    for strange in ("version", "csrf_token", "zoneinfo", "__class__"):
        assert office.admin.submit(form, follow=False, default=strange).status == 400


def test_the_first_button_of_the_form_saves(office: Office) -> None:
    html = office.admin.get(ADDRESS).html
    form = html[html.index('class="settings"') :]
    first = form[form.index("<button") : form.index("</button>")]
    assert "name=" not in first


def test_the_second_of_two_editors_sees_the_firsts_change_and_decides(office: Office) -> None:
    with office.app.app_context():
        other = a_user(Role.ADMIN, "Olga Other").id
    mine = form_of(office.admin.get(ADDRESS))
    theirs = office.visitor(other)
    theirs.submit(form_of(theirs.get(ADDRESS)), horizon_days="30")
    page = office.admin.submit(mine, follow=False, hold_minutes="20")
    assert page.status == 409
    assert "Olga Other has changed this meanwhile" in page.text
    assert "How far ahead 30 days 60 days" in page.text
    assert (stored(office).horizon_days, stored(office).hold_minutes) == (30, 10)
    assert form_of(page).values["hold_minutes"] == "20"
    office.admin.submit(form_of(page), horizon_days="30")
    assert (stored(office).horizon_days, stored(office).hold_minutes) == (30, 20)


def test_who_changed_what_stands_on_the_page_and_in_the_trail(office: Office) -> None:
    office.admin.submit(form_of(office.admin.get(ADDRESS)), hold_minutes="20", phone="+49 30 1234")
    (event,) = office.trail("clinic.settings")
    assert event.before == {"hold_minutes": 10, "phone": ""}
    assert event.after == {"hold_minutes": 20, "phone": "+49 30 1234"}
    text = office.admin.get(ADDRESS).text
    assert "Ana Sousa Tuesday 24 November, 08:00" in text
    assert "Hold Before: 10 After: 20" in text
    assert "Before: nothing After: +49 30 1234" in text


def test_saving_without_a_change_leaves_no_trace(office: Office) -> None:
    page = office.admin.submit(form_of(office.admin.get(ADDRESS)))
    assert "as they were" in page.text
    assert office.trail("clinic.settings") == []


def test_a_new_zone_says_what_it_means_and_moves_nothing(office: Office) -> None:
    with office.app.app_context():
        patient, doctor = a_patient(), a_doctor()
        visit = booked(patient, doctor, tomorrow_at("10:30"))
        before = (visit.starts_at, visit.location_id)
    page = office.admin.submit(form_of(office.admin.get(ADDRESS)), zone="Asia/Tokyo")
    assert "No appointment has moved" in page.text
    with office.app.app_context():
        db.session.expire_all()
        db.session.add(visit)
        db.session.refresh(visit)
        assert (visit.starts_at, visit.location_id) == before


def test_nobody_but_an_active_admin_saves_whatever_the_page_said(office: Office) -> None:
    with office.app.app_context():
        wanted = ClinicSettings(name="Mine")
        version = policy.version_of(settings.current())
        for actor in (a_user(Role.PATIENT), a_user(Role.ADMIN, is_active=False)):
            with pytest.raises(NotAllowed):
                policy.save(wanted, actor, version=version)
        admin = db.session.get_one(User, office.admin_id)
        with pytest.raises(ChangedMeanwhile):
            policy.save(wanted, admin, version="")
        with pytest.raises(policy.Unfit) as refused:
            policy.save(ClinicSettings(hold_minutes=0), admin, version=version)
        assert set(refused.value.complaints) == {"hold_minutes"}


def test_reminders_are_ticked_and_said_in_words(office: Office) -> None:
    page = office.admin.get(ADDRESS)
    assert "Default: 7 days, 1 day and 2 hours" in page.text
    form = form_of(page)
    page = office.admin.submit(form, reminder_hours=["336", "4"], quiet_from="22", quiet_until="7")
    now = stored(office)
    assert (now.reminder_hours, now.quiet_from, now.quiet_until) == ((336, 4), 22, 7)
    (event,) = office.trail("clinic.settings")
    assert event.after == {"reminder_hours": [336, 4], "quiet_from": 22, "quiet_until": 7}
    assert "Before: 7 days, 1 day and 2 hours After: 14 days and 4 hours" in page.text


def test_a_clinic_may_remind_nobody_and_go_back_to_the_default(office: Office) -> None:
    page = office.admin.submit(form_of(office.admin.get(ADDRESS)), reminder_hours=[])
    assert stored(office).reminder_hours == ()
    assert "Before: 7 days, 1 day and 2 hours After: nothing" in page.text
    page = office.admin.submit(form_of(page), default="reminder_hours")
    assert stored(office).reminder_hours == ()
    office.admin.submit(form_of(page))
    assert stored(office).reminder_hours == (168, 24, 2)


@pytest.mark.parametrize(
    ("typed", "name", "says"),
    [
        ({"reminder_hours": ["24", "3"]}, "reminder_hours", "is not a valid choice"),
        ({"reminder_hours": ["x"]}, "reminder_hours", "is not a valid choice"),
        ({"quiet_from": "24"}, "quiet_from", "from 0 to 23"),
        ({"quiet_from": "8", "quiet_until": "1"}, "quiet_until", "Leave at least eight hours"),
    ],
)
def test_reminders_that_cannot_stand_are_refused_beside_the_field(
    office: Office, typed: dict[str, Any], name: str, says: str
) -> None:
    page = office.admin.submit(form_of(office.admin.get(ADDRESS)), follow=False, **typed)
    assert page.status == 422
    assert f'id="{name}-error"' in page.html
    assert says in page.text
    assert stored(office) == ClinicSettings()


def test_the_same_hour_twice_means_no_quiet_hours(office: Office) -> None:
    office.admin.submit(form_of(office.admin.get(ADDRESS)), quiet_from="8", quiet_until="8")
    assert (stored(office).quiet_from, stored(office).quiet_until) == (8, 8)


def test_two_editors_of_the_reminders_see_them_in_words(office: Office) -> None:
    mine = form_of(office.admin.get(ADDRESS))
    office.admin.submit(form_of(office.admin.get(ADDRESS)), reminder_hours=["24"])
    page = office.admin.submit(mine, follow=False)
    assert page.status == 409
    assert "Times before a visit 1 day 7 days, 1 day and 2 hours" in page.text
