"""Visit types: made, changed, taken out of booking, and removed when never used."""

from __future__ import annotations

from typing import Any

import pytest

from app.extensions import db
from app.models import Appointment, PayWhen, Role, VisitMode, VisitType, WhoMayBook
from tests.admin.conftest import Office
from tests.builders import (
    a_doctor,
    a_patient,
    a_user,
    a_visit_type,
    at,
    booked,
    on_own_terms,
    policy,
)
from tests.pages import HTMX, Page

LIST, NEW = "/admin/visit-types/", "/admin/visit-types/new/"
TALK: dict[str, Any] = {
    "name": "Long talk",
    "minutes": "45",
    "buffer_before": "5",
    "buffer_after": "10",
    "step": "30",
    "mode": "online",
    "who_may_book": "returning",
    "price": "60,50",
    "currency": "EUR",
    "needs_approval": "y",
    "preparation": "Bring a list.",
}


def a_new_one(office: Office, **typed: Any) -> Page:
    return office.admin.submit(office.admin.get(NEW).form("/new/"), **(TALK | typed))


def a_check_up(office: Office) -> str:
    """The address of a visit type of half an hour for 40 euros."""
    with office.app.app_context():
        return f"{LIST}{a_visit_type('Check-up', 30, price_cents=4000).ref}/"


def stored(office: Office, name: str) -> VisitType | None:
    with office.app.app_context():
        return db.session.query(VisitType).filter_by(name=name).one_or_none()


def with_a_visit(office: Office) -> tuple[str, Appointment]:
    """The check-up's address, and a visit of it that is booked for tomorrow."""
    with office.app.app_context():
        kind = a_visit_type("Check-up", 30, price_cents=4000)
        ada = a_doctor("Ada Berg", visit_types=[kind])
        visit = booked(a_patient("Ines Carvalho"), ada, at("2026-11-25 10:00"), kind)
        return f"{LIST}{kind.ref}/", visit


@pytest.mark.parametrize("when", list(PayWhen))
def test_how_a_visit_is_paid_is_chosen_and_shown_again(office: Office, when: PayWhen) -> None:
    a_new_one(office, pay_when=when.value)
    made = stored(office, "Long talk")
    assert made is not None
    assert made.pay_when is when
    page = office.admin.get(f"{LIST}{made.ref}/")
    assert page.form(f"{made.ref}/").values["pay_when"] == when.value


def test_a_way_of_paying_that_is_not_offered_is_refused(office: Office) -> None:
    assert a_new_one(office, pay_when="in_gold").status == 422
    assert stored(office, "Long talk") is None


def test_a_visit_type_is_made_with_all_its_terms(office: Office) -> None:
    done = a_new_one(office)
    assert "Long talk is a visit type of this clinic now" in done.text
    made = stored(office, "Long talk")
    assert made is not None
    assert (made.minutes, made.buffer_before, made.buffer_after, made.step) == (45, 5, 10, 30)
    assert (made.price_cents, made.currency) == (6050, "EUR")
    assert (made.mode, made.who_may_book) == (VisitMode.ONLINE, WhoMayBook.RETURNING)
    assert (made.needs_approval, made.is_active) == (True, True)
    (event,) = office.trail("visit_type.created")
    assert event.after is not None
    assert event.after["who_may_book"] == "returning"


@pytest.mark.parametrize(
    ("typed", "currency", "cents"),
    [
        ("60", "EUR", 6000),
        ("60.00", "EUR", 6000),
        ("60,5", "EUR", 6050),
        (" 0 ", "EUR", 0),
        ("7000", "JPY", 7000),
    ],
)
def test_a_price_is_read_as_people_write_it(
    office: Office, typed: str, currency: str, cents: int
) -> None:
    with office.app.app_context():
        policy(currency=currency)
    a_new_one(office, price=typed, currency=currency)
    made = stored(office, "Long talk")
    assert made is not None
    assert made.price_cents == cents


def test_a_new_one_is_priced_in_the_clinics_currency_and_an_old_one_keeps_its_own(
    office: Office,
) -> None:
    address = a_check_up(office)
    with office.app.app_context():
        policy(currency="CHF")
    form = office.admin.get("/admin/visit-types/new/").form("/new/")
    assert form.values["currency"] == "CHF"
    assert a_new_one(office, currency="EUR").status == 422
    page = office.admin.get(address)
    assert page.form(address).values["currency"] == "EUR"
    assert '<option value="CHF"' in page.html
    assert '<option value="GBP"' not in page.html


@pytest.mark.parametrize(
    ("field", "typed", "sentence"),
    [
        ("name", "", "Enter what the visit is called"),
        ("name", "check-UP", "“Check-up” exists already"),
        ("minutes", "12", "Enter minutes from 5 to 480 in steps of 5"),
        ("minutes", "485", "Enter minutes from 5 to 480 in steps of 5"),
        ("minutes", "half an hour", "Enter minutes from 5 to 480 in steps of 5"),
        ("buffer_before", "-5", "Enter minutes from 0 to 120 in steps of 5"),
        ("buffer_after", "125", "Enter minutes from 0 to 120 in steps of 5"),
        ("step", "7", "Not a valid choice"),
        ("mode", "by pigeon", "Not a valid choice"),
        ("who_may_book", "me", "Not a valid choice"),
        ("currency", "XXX", "Not a valid choice"),
        ("price", "-1", "Enter an amount below a million, like 60.00"),
        ("price", "60.005", "Enter an amount below a million, like 60.00"),
        ("price", "1e3", "Enter an amount below a million, like 60.00"),
        ("preparation", "x" * 2001, "Use at most 2,000 characters"),
    ],
)
def test_what_cannot_be_is_refused_beside_its_field_and_nothing_is_lost(
    office: Office, field: str, typed: str, sentence: str
) -> None:
    a_check_up(office)
    page = a_new_one(office, **{field: typed})
    assert page.status == 422
    assert page.html.count(sentence) == 2
    kept = {name: value.strip() for name, value in page.form("/new/").values.items()}
    chosen = {field, "step", "mode", "who_may_book", "currency"}
    assert {n: v for n, v in TALK.items() if n not in chosen}.items() <= kept.items()
    assert stored(office, "Long talk") is None


def test_yen_have_no_cents(office: Office) -> None:
    with office.app.app_context():
        policy(currency="JPY")
    refused = a_new_one(office, price="60.00", currency="JPY")
    assert refused.status == 422
    assert "like 6000" in refused.text


def test_a_change_never_touches_what_is_booked_and_says_how_many_are(office: Office) -> None:
    address, visit = with_a_visit(office)
    page = office.admin.get(address)
    assert "1 appointment is ahead" in page.text
    done = office.admin.submit(
        page.form(address), minutes="60", price="90", buffer_after="30", mode="online"
    )
    assert "holds for what is booked from now on" in done.text
    (event,) = office.trail("visit_type.changed")
    assert event.before == {
        "minutes": 30,
        "buffer_after": 0,
        "mode": "in_person",
        "price_cents": 4000,
    }
    with office.app.app_context():
        kept = db.session.get_one(Appointment, visit.id)
        assert (kept.minutes, kept.price_cents, kept.is_online) == (30, 4000, False)
        assert (kept.starts_at, kept.busy_until_tick) == (visit.starts_at, visit.busy_until_tick)
        assert kept.version == visit.version


def test_a_doctors_own_terms_stay_and_it_is_said_how_many_have_some(office: Office) -> None:
    address, visit = with_a_visit(office)
    with office.app.app_context():
        row = db.session.get_one(Appointment, visit.id)
        on_own_terms(row.doctor, row.visit_type, 45, None)
    assert "One doctor has a length or price of their own" in office.admin.get(address).text


def test_the_second_of_two_admins_is_shown_what_the_first_stored(office: Office) -> None:
    address = a_check_up(office)
    with office.app.app_context():
        other = office.visitor(a_user(Role.ADMIN, "Bruno Costa").id)
    mine = office.admin.get(address).form(address)
    other.submit(other.get(address).form(address), minutes="20", who_may_book="staff")
    met = office.admin.submit(mine, minutes="40", price="45")
    assert met.status == 409
    assert "Bruno Costa has changed this meanwhile" in met.text
    assert "Length 20 40" in met.text
    assert "Who may book it Staff only Anybody" in met.text
    form = met.form(address)
    assert (form.values["minutes"], form.values["price"]) == ("40", "45")
    made = stored(office, "Check-up")
    assert made is not None
    assert made.minutes == 20
    assert office.admin.submit(form).status == 200


def test_taking_it_out_of_booking_leaves_what_is_booked_and_can_be_undone(office: Office) -> None:
    address, visit = with_a_visit(office)
    with office.app.app_context():
        doctor = db.session.get_one(Appointment, visit.id).doctor.ref
    page = office.admin.get(address)
    assert "The appointment that is ahead stands" in page.text
    done = office.admin.submit(page.form("/active/"))
    assert "Check-up can no longer be booked; what is booked stays" in done.text
    assert "Check-up" not in office.admin.get(f"/doctors/{doctor}/").text
    with office.app.app_context():
        kept = db.session.get_one(Appointment, visit.id)
        assert (kept.status, kept.version) == (visit.status, visit.version)
    again = office.admin.submit(done.form("/active/"))
    assert "Check-up can be booked again" in again.text
    assert "Check-up" in office.admin.get(f"/doctors/{doctor}/").text
    assert [event.after for event in office.trail("visit_type.active")] == [
        {"is_active": False},
        {"is_active": True},
    ]


def test_a_second_click_on_taking_it_out_is_told_that_it_is_done(office: Office) -> None:
    address = a_check_up(office)
    form = office.admin.get(address).form("/active/")
    office.admin.submit(form)
    assert office.admin.submit(form).status == 409
    assert len(office.trail("visit_type.active")) == 1


def test_a_visit_type_that_was_booked_is_not_removed(office: Office) -> None:
    address, _ = with_a_visit(office)
    page = office.admin.get(address)
    assert "cannot be removed: appointments of it were made" in page.text
    values = {"version": "1", "csrf_token": page.form(address).values["csrf_token"]}
    assert office.admin.post(f"{address}remove/", values).status == 409
    assert stored(office, "Check-up") is not None


def test_a_visit_type_that_a_doctor_offers_is_not_removed_and_says_who(office: Office) -> None:
    address = a_check_up(office)
    with office.app.app_context():
        a_doctor("Ada Berg", visit_types=[db.session.query(VisitType).one()])
    page = office.admin.get(address)
    assert "cannot be removed: Dr. Ada Berg offers it" in page.text


def test_a_visit_type_that_was_never_used_is_removed(office: Office) -> None:
    address = a_check_up(office)
    done = office.admin.submit(office.admin.get(address).form("/remove/"))
    assert "Check-up is removed" in done.text
    assert stored(office, "Check-up") is None
    (event,) = office.trail("visit_type.removed")
    assert event.before is not None
    assert event.before["price_cents"] == 4000


def test_the_list_is_searched_narrowed_and_ordered_by_its_address(office: Office) -> None:
    with office.app.app_context():
        a_visit_type("Aaa", 60, price_cents=100)
        a_visit_type("Bbb", 15, price_cents=900)
        a_visit_type("Old one", 15, is_active=False)
    by_length = office.admin.get(f"{LIST}?sort=minutes").text
    assert by_length.index("Bbb") < by_length.index("Aaa")
    by_price = office.admin.get(f"{LIST}?sort=-price").text
    assert by_price.index("Bbb") < by_price.index("Aaa")
    assert "Old one" not in office.admin.get(f"{LIST}?state=active").text
    assert "Aaa" not in office.admin.get(f"{LIST}?state=inactive").text
    assert "No visit type fits" in office.admin.get(f"{LIST}?q=%25").text
    alone = office.admin.get(LIST, **HTMX).html
    assert alone.lstrip().startswith('<div id="visit-types"')


def test_who_came_from_elsewhere_is_sent_back(office: Office) -> None:
    form = office.admin.get(f"{NEW}?next=/admin/clinic/").form("/new/")
    done = office.admin.submit(form, follow=False, **TALK)
    assert done.location == "/admin/clinic/"


def test_a_visit_type_may_have_reminders_of_its_own_or_none(office: Office) -> None:
    a_new_one(office, reminders="own", reminder_hours=["48", "2"])
    made = stored(office, "Long talk")
    assert made is not None
    assert made.own_reminders == [48, 2]
    address = f"{LIST}{made.ref}/"
    form = office.admin.get(address).form(address)
    assert (form.values["reminders"], form.values["reminder_hours"]) == ("own", ["48", "2"])
    office.admin.submit(form, reminders="none")
    changed = stored(office, "Long talk")
    assert changed is not None
    assert changed.own_reminders == []
    (event,) = office.trail("visit_type.changed")
    assert (event.before, event.after) == ({"own_reminders": [48, 2]}, {"own_reminders": []})
    office.admin.submit(office.admin.get(address).form(address), reminders="clinic")
    changed = stored(office, "Long talk")
    assert changed is not None
    assert changed.own_reminders is None


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        ({"reminders": "own"}, "Tick at least one time"),
        ({"reminders": "own", "reminder_hours": ["5"]}, "not a valid choice"),
        ({"reminders": "sometimes"}, "Not a valid choice"),
    ],
)
def test_reminders_that_cannot_be_are_refused_beside_the_field(
    office: Office, typed: dict[str, Any], says: str
) -> None:
    page = a_new_one(office, **typed)
    assert page.status == 422
    assert says in page.text
    assert stored(office, "Long talk") is None
