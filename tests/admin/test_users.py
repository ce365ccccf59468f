"""Users: found, made admins, closed and opened again."""

from __future__ import annotations

import threading
from contextlib import suppress
from typing import Any
from urllib.parse import urlencode

import pytest
from flask import Flask
from sqlalchemy import insert

from app.accounts import administration, sessions
from app.errors import ClinicError, NotAllowed
from app.extensions import db
from app.models import Role, User
from tests.admin.conftest import Office
from tests.builders import a_doctor, a_patient, a_user, booked, tomorrow_at
from tests.pages import HTMX, Page
from tests.scheduling.conftest import queries


def patient(office: Office, name: str = "Ines Carvalho", **fields: Any) -> User:
    with office.app.app_context():
        return office.user(a_patient(name, **fields).user_id)


@pytest.mark.parametrize(
    "search", ["Ines", "ines", "carv", "Ines Carv", "carvalho ines", "ines@mail", " INES "]
)
def test_a_user_is_found_by_the_beginning_of_any_name_or_of_the_e_mail(
    office: Office, search: str
) -> None:
    patient(office, email="ines@mail.example")
    patient(office, "Jonas Weber")
    text = office.admin.get(f"/admin/users/?q={search}").text
    assert "Ines Carvalho" in text
    assert "Jonas Weber" not in text


@pytest.mark.parametrize("search", ["%", "_", "!", "arvalho", "\\", "' OR 1=1 --"])
def test_a_search_takes_signs_for_what_they_are(office: Office, search: str) -> None:
    patient(office)
    page = office.admin.get(f"/admin/users/?{urlencode({'q': search})}")
    assert page.status == 200
    assert "No user fits" in page.text


def test_users_are_narrowed_by_role_and_state(office: Office) -> None:
    patient(office)
    patient(office, "Away Person", is_active=False)
    patient(office, "New Person", confirmed_email=None)
    with office.app.app_context():
        a_doctor("Ada Berg")
    get = office.admin.get
    assert "Ada Berg" in get("/admin/users/?role=doctor").text
    assert "Ines Carvalho" not in get("/admin/users/?role=doctor").text
    inactive = get("/admin/users/?state=inactive").text
    assert "Away Person" in inactive
    assert "Ines Carvalho" not in inactive
    unconfirmed = get("/admin/users/?state=unconfirmed").text
    assert "New Person" in unconfirmed
    assert "Ines Carvalho" not in unconfirmed


def test_the_order_is_one_of_a_few_and_nothing_else(office: Office) -> None:
    patient(office, "Aaron First")
    patient(office, "Zoe Last")
    up, down = (office.admin.get(f"/admin/users/?sort={sort}").text for sort in ("name", "-name"))
    assert up.index("Aaron First") < up.index("Zoe Last")
    assert down.index("Zoe Last") < down.index("Aaron First")
    for sort in ("password_hash", "name;drop table users", "-id"):
        page = office.admin.get(f"/admin/users/?sort={sort}")
        assert page.text.index("Aaron First") < page.text.index("Zoe Last")


def test_pages_keep_what_was_asked_for(office: Office) -> None:
    with office.app.app_context():
        for number in range(30):
            a_user(Role.PATIENT, f"Person {number:02}")
    page = office.admin.get("/admin/users/?q=person&sort=-name")
    assert "1 to 25 of 30 users" in page.text
    assert "/admin/users/?q=person&amp;sort=-name&amp;page=2" in page.html
    second = office.admin.get("/admin/users/?q=person&sort=-name&page=2").text
    assert "Person 04" in second
    assert "Person 05" not in second
    assert "Person 04" in office.admin.get("/admin/users/?q=person&sort=-name&page=999").text


def test_htmx_gets_the_list_alone(office: Office) -> None:
    page = office.admin.get("/admin/users/", **HTMX)
    assert page.html.lstrip().startswith('<div id="users"')


def test_the_list_takes_as_many_queries_for_thousands_as_for_three(office: Office) -> None:
    def cost() -> int:
        with office.app.app_context(), queries() as seen:
            assert office.admin.get("/admin/users/?q=per&sort=-created").status == 200
        return len(seen)

    office.admin.get("/admin/users/")
    few = cost()
    with office.app.app_context():
        template = a_user(Role.PATIENT, "Person 0")
        rows = [
            {
                "ref": f"r{number:015}",
                "name": f"Person {number}",
                "email": f"p{number}@example.org",
                "role": Role.PATIENT,
                "password_hash": template.password_hash,
            }
            for number in range(3000)
        ]
        db.session.execute(insert(User), rows)
        db.session.commit()
    assert cost() == few <= 6


def test_a_patient_becomes_an_admin_and_goes_back(office: Office) -> None:
    found = patient(office)
    theirs = office.visitor(found.id)
    assert theirs.get("/view-appointment/").status == 200
    page = office.admin.get(f"/admin/users/{found.ref}/")
    done = office.admin.submit(page.form("/role/"))
    assert "Ines Carvalho is now admin" in done.text
    assert office.user(found.id).role is Role.ADMIN
    assert theirs.get("/view-appointment/").status == 303  # the old session is over
    back = office.admin.submit(done.form("/role/"))
    assert back.status == 200
    assert office.user(found.id).role is Role.PATIENT
    assert [(e.before, e.after) for e in office.trail("user.role")] == [
        ({"role": "patient"}, {"role": "admin"}),
        ({"role": "admin"}, {"role": "patient"}),
    ]


def test_an_admin_who_never_was_a_patient_can_book_after_the_change(office: Office) -> None:
    with office.app.app_context():
        other = a_user(Role.ADMIN, "Bruno Costa")
        ref, user_id = other.ref, other.id
    office.admin.submit(office.admin.get(f"/admin/users/{ref}/").form("/role/"))
    assert office.visitor(user_id).get("/view-appointment/").status == 200


@pytest.mark.parametrize(
    "fields", [{"is_active": False}, {"confirmed_email": None}], ids=["closed", "unconfirmed"]
)
def test_a_doubtful_account_does_not_become_an_admin(
    office: Office, fields: dict[str, Any]
) -> None:
    found = patient(office, **fields)
    page = office.admin.get(f"/admin/users/{found.ref}/")
    assert "confirmed e-mail address can be an admin" in page.text
    assert asked_to_be_admin(office, page, found) == 409
    assert office.user(found.id).role is Role.PATIENT


def asked_to_be_admin(office: Office, page: Page, user: User) -> int:
    """What is answered to somebody who sends the form that their page does not show."""
    assert not [form for form in page.forms if form.action.endswith("/role/")]
    token = page.form("/logout/").values["csrf_token"]
    values = {"csrf_token": token, "role": "admin", "version": str(user.version)}
    return office.admin.post(f"/admin/users/{user.ref}/role/", values).status


def test_a_patient_with_an_appointment_stays_one_until_it_is_over(office: Office) -> None:
    with office.app.app_context():
        ines = a_patient("Ines Carvalho")
        visit = booked(ines, a_doctor("Ada Berg"), tomorrow_at("10:00"))
        found, ref = office.user(ines.user_id), visit.ref
    page = office.admin.get(f"/admin/users/{found.ref}/")
    assert "This patient has appointments that are not over" in page.text
    assert asked_to_be_admin(office, page, found) == 409
    assert office.user(found.id).role is Role.PATIENT
    assert office.trail("user.role") == []
    visit_page = office.admin.get(f"/board/visit/{ref}/")
    office.admin.submit(visit_page.form("/cancel/"), reason="She becomes a colleague")
    done = office.admin.submit(office.admin.get(f"/admin/users/{found.ref}/").form("/role/"))
    assert "Ines Carvalho is now admin" in done.text


@pytest.mark.parametrize("role", ["doctor", "patient"])
def test_nobody_is_given_a_role_that_makes_no_sense(office: Office, role: str) -> None:
    found = patient(office)
    form = office.admin.get(f"/admin/users/{found.ref}/").form("/role/")
    assert office.admin.submit(form, role=role).status == 409
    assert office.admin.submit(form, role="owner").status == 400
    assert office.user(found.id).role is Role.PATIENT


def test_a_doctors_role_is_not_changed_here(office: Office) -> None:
    with office.app.app_context():
        user = a_doctor("Ada Berg").user
        ref, user_id = user.ref, user.id
    page = office.admin.get(f"/admin/users/{ref}/")
    assert "Doctors keep their role" in page.text
    assert asked_to_be_admin(office, page, office.user(user_id)) == 409
    assert office.user(user_id).role is Role.DOCTOR


def test_closing_an_account_ends_its_sessions_and_keeps_its_appointments(office: Office) -> None:
    with office.app.app_context():
        person = a_patient("Ines Carvalho")
        visit = booked(person, a_doctor("Ada Berg"), tomorrow_at("10:00"))
        user_id, ref, visit_ref = person.user_id, person.user.ref, visit.ref
    theirs = office.visitor(user_id)
    page = office.admin.get(f"/admin/users/{ref}/")
    assert "The 1 open appointment stays booked" in page.text
    done = office.admin.submit(page.form("/active/"), reason="Asked us to")
    assert "logged out everywhere" in done.text
    assert theirs.get("/view-appointment/").status == 303
    assert "Confirmed" in office.admin.get(f"/board/visit/{visit_ref}/").text
    event = office.trail("user.active")[0]
    assert (event.before, event.after) == ({"is_active": True}, {"is_active": False})
    assert event.reason == "Asked us to"
    again = office.admin.submit(done.form("/active/"))
    assert again.status == 200
    assert office.user(user_id).is_active


def test_closing_a_doctors_account_hides_the_doctor(office: Office) -> None:
    with office.app.app_context():
        doctor = a_doctor("Ada Berg")
        booked(a_patient(), doctor, tomorrow_at("10:00"))
        ref = doctor.user.ref
    assert "Ada Berg" in office.admin.get("/board/").text
    page = office.admin.get(f"/admin/users/{ref}/")
    assert "1 open visit stays booked" in page.text
    office.admin.submit(page.form("/active/"))
    assert "Ada Berg" not in office.admin.get("/board/").text


def test_an_old_page_changes_nothing(office: Office) -> None:
    found = patient(office)
    old = office.admin.get(f"/admin/users/{found.ref}/")
    office.admin.submit(old.form("/role/"))
    page = office.admin.submit(old.form("/active/"))
    assert page.status == 409
    assert "changed by somebody else meanwhile" in page.text
    assert office.user(found.id).is_active


def test_nobody_closes_or_demotes_themselves(office: Office) -> None:
    me = office.user(office.admin_id)
    page = office.admin.get(f"/admin/users/{me.ref}/")
    assert not [form for form in page.forms if form.action.endswith(("/role/", "/active/"))]
    token = page.form("/logout/").values
    values = {**token, "version": str(me.version), "active": "no", "role": "patient"}
    for change in ("active", "role"):
        answer = office.admin.post(f"/admin/users/{me.ref}/{change}/", values)
        assert answer.status == 409
        assert "your own account" in answer.text
    assert office.user(me.id).role is Role.ADMIN


def test_only_admins_change_accounts_whatever_the_page_lets_through(office: Office) -> None:
    found = patient(office)
    with office.app.app_context():
        found, stranger = db.session.merge(found), a_patient("Mallory").user
        with pytest.raises(NotAllowed):
            administration.set_active(found, False, stranger, version=found.version)
        with pytest.raises(NotAllowed):
            administration.set_role(found, Role.ADMIN, stranger, version=found.version)


def test_two_admins_who_close_each_other_at_once_leave_one(
    database: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    meeting, end_all = threading.Barrier(2), sessions.end_all

    def wait_for_the_other(user: User) -> None:
        with suppress(threading.BrokenBarrierError):  # the other one is kept out meanwhile
            meeting.wait(timeout=0.7)
        end_all(user)

    monkeypatch.setattr(sessions, "end_all", wait_for_the_other)
    with database.app_context():
        ids = [a_user(Role.ADMIN).id, a_user(Role.ADMIN).id]
    refusals: list[ClinicError] = []

    def close(me: int, other: int) -> None:
        with database.app_context():
            actor, user = db.session.get_one(User, me), db.session.get_one(User, other)
            try:
                administration.set_active(user, False, actor, version=user.version)
            except ClinicError as refused:
                refusals.append(refused)

    pair = [threading.Thread(target=close, args=args) for args in (ids, ids[::-1])]
    for thread in pair:
        thread.start()
    for thread in pair:
        thread.join()
    with database.app_context():
        active = [db.session.get_one(User, one).is_active for one in ids]
    assert sorted(active) == [False, True]
    assert len(refusals) == 1


def test_who_is_no_active_admin_any_more_closes_nobody(database: Flask) -> None:
    with database.app_context():
        last, actor = a_user(Role.ADMIN), a_user(Role.ADMIN)
        administration.set_active(actor, False, last, version=actor.version)
        with pytest.raises(NotAllowed):
            administration.set_active(last, False, actor, version=last.version)


def test_only_admins_see_users(office: Office) -> None:
    found = patient(office)
    with office.app.app_context():
        doctor_id = a_doctor("Ada Berg").user_id
    for user_id in (found.id, doctor_id):
        visitor = office.visitor(user_id)
        for address in ("/admin/", "/admin/users/", f"/admin/users/{found.ref}/"):
            assert visitor.get(address).status == 403
