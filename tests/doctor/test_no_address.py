"""A patient without an e-mail address at the desk: made with a telephone number, booked for, shown
as such wherever one looks, and given an address later."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from app.extensions import db
from app.models import Doctor, MessageKind, OutboxMessage, User
from tests.builders import a_doctor, a_patient, tick
from tests.doctor.conftest import Practice
from tests.pages import Page, Visitor

PHONE = "+49 30 5550"
THURSDAY = "2026-11-26"
NEW = "/board/book/new-patient/"


def make(practice: Practice, **typed: str) -> Page:
    form = practice.doctor.get(NEW).form(NEW)
    form.values |= {"name": "Nora Neu", "phone": PHONE, **typed}
    return practice.doctor.submit(form)


def nora(practice: Practice) -> User:
    with practice.app.app_context():
        return db.session.scalars(select(User).where(User.name == "Nora Neu")).one()


def book(practice: Practice) -> Page:
    """Nora's visit on Thursday at ten."""
    make(practice)
    with practice.app.app_context():
        doctor = db.session.scalars(select(Doctor)).one()
        kind = next(one for one in doctor.visit_types if not one.needs_approval).ref
    query = f"patient={nora(practice).ref}&type={kind}&at={tick(f'{THURSDAY} 10:00')}"
    page = practice.doctor.get(f"/board/book/?{query}")
    assert "They have no e-mail address, so tell them yourself." in page.text
    return practice.doctor.submit(page.form("/board/book/"))


def address_of(practice: Practice) -> str:
    return f"/board/patient/{nora(practice).ref}/e-mail/"


def test_a_telephone_number_is_enough(practice: Practice) -> None:
    page = make(practice)
    assert "Book for Nora Neu" in page.text
    assert "Nora Neu is a patient now." in page.text
    assert "mailed" not in page.text
    found = practice.doctor.get("/board/book/?q=nora").text
    assert PHONE in found
    assert "No e-mail" in found


@pytest.mark.parametrize(
    ("phone", "sentence"),
    [
        ("", "Enter a telephone number or an e-mail address"),
        ("call me", "Enter a telephone number with digits"),
    ],
)
def test_without_either_nobody_could_reach_them(
    practice: Practice, phone: str, sentence: str
) -> None:
    page = make(practice, phone=phone)
    assert page.status == 422
    assert sentence in page.html.split('id="phone-error"')[1][:400]
    assert 'value="Nora Neu"' in page.html


def test_their_visit_is_booked_and_nothing_is_mailed(practice: Practice) -> None:
    page = book(practice)
    assert "Nora Neu is booked for Thursday 26 November, 10:00" in page.text
    assert "They have no e-mail: tell them yourself." in page.text
    form = page.form("/cancel/")
    practice.doctor.submit(form, reason="The doctor is ill")
    with practice.app.app_context():
        user_id = nora(practice).id
        sent = select(OutboxMessage).where(OutboxMessage.user_id == user_id)
        assert db.session.scalars(sent).all() == []


def test_the_visit_the_sheet_and_the_lists_say_it(practice: Practice) -> None:
    visit = book(practice)
    assert "No e-mail" in visit.text
    assert f'href="tel:{PHONE.replace(" ", "")}"' in visit.html
    assert "No e-mail" in practice.doctor.get(f"/board/sheet/?day={THURSDAY}").text
    admin = practice.admin()
    assert "No e-mail" in admin.get("/admin/users/?q=nora").text
    page = admin.get(f"/admin/users/{nora(practice).ref}/")
    assert "No e-mail address" in page.text
    assert "Ask for a new password" not in page.text
    assert 'href="/admin/appointments/?q=Nora+Neu"' in page.html
    assert "Nora Neu" in admin.get("/admin/appointments/?q=Nora Neu").text


@pytest.mark.parametrize("path", ["/login/", "/forgot-password/", "/register/"])
def test_a_form_that_is_sent_without_an_address_meets_nobody(practice: Practice, path: str) -> None:
    make(practice)
    stranger = Visitor(practice.app.test_client())
    form = stranger.get(path).form(path)
    page = stranger.submit(form, email="", password="quite another long phrase")
    assert page.status == 422
    assert 'id="email-error"' in page.html
    assert "Nora Neu" not in page.text


def test_the_doctor_adds_an_address_and_they_are_invited(practice: Practice) -> None:
    visit = book(practice)
    assert "Add an e-mail address" in visit.text
    where = f"{address_of(practice)}?next=/board/"
    page = practice.doctor.submit(
        practice.doctor.get(where).form("/e-mail/"), email="Nora@example.org"
    )
    assert page.address == "/board/"
    assert "mailed an invitation to nora@example.org" in page.text
    with practice.app.app_context():
        latest = select(OutboxMessage).order_by(OutboxMessage.id.desc())
        message = db.session.scalars(latest).first()
        assert message is not None
        assert (message.kind, message.recipient) == (MessageKind.INVITATION, "nora@example.org")
    again = practice.doctor.get(where)
    assert again.status == 409
    assert "has an e-mail address already" in again.text


def test_an_admin_adds_one_from_the_users_page_and_comes_back_to_it(practice: Practice) -> None:
    make(practice)
    admin, where = practice.admin(), f"/admin/users/{nora(practice).ref}/"
    assert f'href="{address_of(practice)}?next={where}"' in admin.get(where).html
    form = admin.get(f"{address_of(practice)}?next={where}").form("/e-mail/")
    page = admin.submit(form, email="nora@example.org")
    assert page.address == where
    assert "Invitation" in page.text


@pytest.mark.parametrize(
    ("typed", "status", "sentence"),
    [
        ("", 422, "Enter an e-mail address"),
        ("nora", 422, "Enter an e-mail address"),
        ("iris@example.org", 409, "There is an account with this e-mail address already."),
    ],
)
def test_an_address_that_cannot_be_hers_is_refused_beside_the_field(
    practice: Practice, typed: str, status: int, sentence: str
) -> None:
    make(practice)
    with practice.app.app_context():
        a_patient("Iris Other", "iris@example.org")
    form = practice.doctor.get(address_of(practice)).form("/e-mail/")
    page = practice.doctor.submit(form, email=typed)
    assert page.status == status
    assert sentence in page.html.split('id="email-error"')[1][:400]
    assert f'value="{typed}"' in page.html


def test_another_doctor_does_not_reach_them(practice: Practice) -> None:
    make(practice)
    with practice.app.app_context():
        other = practice.visitor(a_doctor("Bea Cruz").user_id)
    assert other.get(address_of(practice)).status == 404
    form = other.get("/my-page/").form("/my-page/")
    form.action = address_of(practice)
    assert other.submit(form, email="bea@example.org").status == 404
    assert nora(practice).email == ""


def test_a_change_of_hours_that_hits_their_visit_says_whom_to_call(practice: Practice) -> None:
    book(practice)
    form = practice.doctor.get("/board/time-off/").form("#add-off")
    form.values["off-first_day"] = THURSDAY
    page = practice.doctor.submit(form)
    hit = page.html.split('class="hits-list"')[1].split("</ul>")[0]
    assert "Nora Neu" in hit
    assert "No e-mail: tell them yourself" in hit
    assert f'href="tel:{PHONE.replace(" ", "")}"' in hit
