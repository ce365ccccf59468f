from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from sqlalchemy import func, select

from app.accounts import passwords
from app.extensions import db
from app.models import Doctor, MessageKind, Role, User
from app.scheduling import appointments
from tests.accounts.outbox import mails
from tests.auth.steps import JANE, form_to, is_in, log_in, register
from tests.builders import PASSWORD, a_doctor, a_patient, a_specialty, tick
from tests.pages import Visitor

Browsers = Callable[[], Visitor]


def users() -> list[User]:
    db.session.rollback()
    return list(db.session.scalars(select(User).order_by(User.id)))


def without_tokens(html: str) -> str:
    return re.sub(r'name="csrf_token" value="[^"]*"', "", html)


def test_a_name_an_address_and_a_password_are_enough(visitor: Visitor) -> None:
    answer = register(visitor)
    assert (answer.status, answer.location) == (303, "/view-appointment/")
    (jane,) = users()
    assert (jane.name, jane.email, jane.role) == ("Jane Doe", JANE, Role.PATIENT)
    assert not jane.is_confirmed
    assert "Please confirm your e-mail address" in visitor.get(answer.location).text
    assert is_in(visitor)


def test_a_known_address_is_answered_like_any_other_with_equal_work(
    visitor: Visitor, another: Browsers, monkeypatch: pytest.MonkeyPatch
) -> None:
    owner = a_patient(email="known@example.org").user
    hashed: list[str] = []
    really = passwords.hash_of

    def noting(password: str) -> str:
        hashed.append(password)
        return really(password)

    monkeypatch.setattr(passwords, "hash_of", noting)
    seen = []
    for email, browser in (("known@example.org", visitor), ("fresh@example.org", another())):
        hashed.clear()
        answer = register(browser, email)
        pages = [browser.get(page).html for page in ("/view-appointment/", "/profile/")]
        html = "".join(without_tokens(page).replace(email, "") for page in pages)
        seen.append((answer.status, answer.location, len(hashed), is_in(browser), html))
    assert seen[0] == seen[1]
    known = mails(to="known@example.org")
    assert [(mail.kind, mail.user_id) for mail in known] == [
        (MessageKind.ALREADY_REGISTERED, owner.id)
    ]
    assert [mail.kind for mail in mails(to="fresh@example.org")] == [MessageKind.CONFIRM_EMAIL]


def test_what_was_typed_stays_but_for_the_password(visitor: Visitor) -> None:
    answer = register(visitor, "not an address", phone="call me")
    assert answer.status == 422
    assert users() == []
    values = form_to(answer, "/register/").values
    assert (values["name"], values["email"]) == ("Jane Doe", "not an address")
    assert (values["phone"], values["password"]) == ("call me", "")
    assert PASSWORD not in answer.html
    assert 'id="email-error"' in answer.html
    assert 'id="phone-error"' in answer.html


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", ""),
        ("name", "Jane\r\nBcc: b@example.org"),
        ("name", "Jane\u2028Doe"),
        ("name", "n" * 121),
        ("email", ""),
        ("email", "jane@example.org\r\nBcc: b@example.org"),
        ("email", "jane@example.org%0d%0aBcc: b@example.org"),
        ("email", "j" * 300 + "@example.org"),
        ("password", ""),
        ("password", "short"),
        ("password", "1234567890"),
        ("password", "p" * 257),
        ("password", "jane@example.org"),
        ("phone", "+49 30\n901820"),
    ],
)
def test_what_cannot_be_is_refused_beside_its_field(
    visitor: Visitor, field: str, value: str
) -> None:
    answer = register(visitor, **{field: value})
    assert answer.status == 422
    assert f'id="{field}-error"' in answer.html
    assert users() == []
    assert mails() == []


def test_missing_and_doubled_fields_are_refused(visitor: Visitor) -> None:
    token = form_to(visitor.get("/register/"), "/register/").values["csrf_token"]
    assert visitor.post("/register/", {"csrf_token": token}).status == 422
    doubled = {"csrf_token": token, "name": ["Jane", "Joan"], "email": JANE, "password": PASSWORD}
    assert visitor.post("/register/", doubled).status == 400
    assert users() == []


def test_fields_that_the_form_does_not_have_are_ignored(visitor: Visitor) -> None:
    register(
        visitor,
        role="admin",
        is_active="0",
        confirmed_email=JANE,
        id="1",
        version="9",
        is_admin="1",
    )
    (jane,) = users()
    assert (jane.role, jane.is_active, jane.confirmed_email) == (Role.PATIENT, True, None)


def test_markup_in_a_name_is_text_on_every_page(visitor: Visitor) -> None:
    register(visitor, name="<img src=x onerror=alert(1)> {{7*7}}")
    for page in ("/profile/", "/view-appointment/"):
        html = visitor.get(page).html
        assert "<img src=x" not in html
        assert "&lt;img src=x onerror=alert(1)&gt; {{7*7}}" in html


def test_a_doctor_registers_and_waits(visitor: Visitor) -> None:
    a_specialty("Cardiology")
    form = form_to(visitor.get("/register/doctor/"), "/register/doctor/")
    values = form.values | {
        "title": "Prof. Dr.",
        "name": "Ada Byron",
        "email": "ada@example.org",
        "password": PASSWORD,
        "licence_number": "B 123/45",
        "specialties": ["cardiology"],
        "languages": ["en", "de"],
    }
    answer = visitor.post("/register/doctor/", values)
    assert (answer.status, answer.location) == (303, "/board/today/")
    db.session.rollback()
    doctor = db.session.scalars(select(Doctor)).one()
    assert (doctor.name, doctor.licence_number) == ("Prof. Dr. Ada Byron", "B 123/45")
    assert [one.name for one in doctor.specialties] == ["Cardiology"]
    assert doctor.languages == ["de", "en"]
    assert doctor.approved_at is None
    assert not doctor.is_published
    page = visitor.get("/board/")
    assert page.status == 200
    assert "approv" in page.text.lower()


def test_a_doctor_says_what_and_in_which_languages(visitor: Visitor) -> None:
    a_specialty("Cardiology")
    form = form_to(visitor.get("/register/doctor/"), "/register/doctor/")
    answer = visitor.submit(form, name="Ada Byron", email="ada@example.org", password=PASSWORD)
    assert answer.status == 422
    for field in ("licence_number", "specialties", "languages"):
        assert f'id="{field}-error"' in answer.html
    forged = form.values | {
        "name": "Ada",
        "email": "ada@example.org",
        "password": PASSWORD,
        "licence_number": "B 1",
        "specialties": "witchcraft",
        "languages": "xx",
        "title": "Lord",
    }
    assert visitor.post("/register/doctor/", forged).status == 422
    assert db.session.scalar(select(func.count(Doctor.id))) == 0


def hold_something(visitor: Visitor) -> str:
    """Hold half past ten of tomorrow; the address on which it is booked."""
    doctor = a_doctor("Ada Byron")
    kind = doctor.visit_types[0].ref
    page = visitor.get(f"/appointment/?doctor={doctor.ref}&visit_type={kind}&day=2026-11-25")
    form = next(form for form in page.forms if form.action.endswith("/appointment/hold/"))
    held = visitor.submit(
        form, follow=False, opening=f"{doctor.ref}.{tick('2026-11-25 10:30')}", reason="My knee"
    )
    assert held.status == 303
    return held.location


def book(visitor: Visitor, address: str) -> str:
    """Press the button on the review; where it leads."""
    form = form_to(visitor.get(address), "/appointment/book/")
    return visitor.submit(form, follow=False).location


@pytest.mark.parametrize("way", ["register", "login"])
def test_a_held_time_is_shown_on_the_way_in_and_still_there_afterwards(
    visitor: Visitor, way: str
) -> None:
    john = a_patient(email="john@example.org")
    address = hold_something(visitor)
    way_in = book(visitor, address)
    assert way_in.startswith("/login/?next=/appointment/")
    way_in = way_in.replace("/login/", f"/{way}/")
    page = visitor.get(way_in)
    assert "10:30 on Wednesday 25 November is held for you, 10 minutes left" in page.text
    assert "/appointment/?doctor=" in page.html
    if way == "register":
        answer = register(visitor, at=way_in)
    else:
        answer = log_in(visitor, "john@example.org", at=way_in)
    assert answer.location == address
    booked = book(visitor, answer.location)
    assert booked.startswith("/appointment/booked/")
    db.session.rollback()
    patient = john if way == "login" else users()[-1].patient
    assert patient is not None
    assert appointments.appointment_of(patient, booked.split("/")[-2]).reason == "My knee"


def test_who_holds_a_time_and_finds_the_way_in_alone_comes_back_to_it(visitor: Visitor) -> None:
    address = hold_something(visitor)
    assert register(visitor).location == address


def test_without_a_held_time_nothing_is_said_of_one(visitor: Visitor) -> None:
    assert "held for you" not in visitor.get("/login/").text
    assert "held for you" not in visitor.get("/register/").text
