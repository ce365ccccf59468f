from __future__ import annotations

from collections.abc import Callable

import pytest

from app.accounts import confirmation, password_reset
from app.accounts.registration import Person, register_patient
from app.extensions import db
from app.models import MessageKind
from tests.accounts.outbox import mails, token_of
from tests.auth.steps import (
    FRESH,
    JANE,
    cookie_of,
    form_to,
    is_in,
    log_in,
    register,
    with_cookie,
)
from tests.builders import PASSWORD, a_doctor, a_patient, booked, tomorrow_at
from tests.conftest import FrozenClock
from tests.pages import ORIGIN, Page, Visitor

Browsers = Callable[[], Visitor]
CONFIRM, RESET = MessageKind.CONFIRM_EMAIL, MessageKind.RESET_PASSWORD


def follow(visitor: Visitor, path: str) -> Page:
    """Open a mailed link and go where it leads."""
    first = visitor.get(path)
    assert first.status == 303
    assert first.location == path.split("/")[1].join("//")
    return visitor.get(first.location)


def ask_for_reset(visitor: Visitor, email: str = JANE) -> Page:
    return visitor.submit(visitor.get("/forgot-password/").form("/forgot-password/"), email=email)


def test_the_link_asks_and_the_button_confirms(visitor: Visitor) -> None:
    register(visitor)
    token = token_of(CONFIRM, JANE)
    follow(visitor, f"/confirm-email/{token}/")
    page = follow(visitor, f"/confirm-email/{token}/")
    assert token not in page.html
    assert "Not confirmed" in visitor.get("/profile/").text
    page = visitor.submit(page.form("/confirm-email/"))
    assert page.address == "/profile/"
    assert f"{JANE} is confirmed" in page.text
    assert "Not confirmed" not in page.text
    assert "Confirm your e-mail address" not in page.text


def test_the_link_works_on_a_browser_that_is_not_signed_in(
    visitor: Visitor, another: Browsers
) -> None:
    register(visitor)
    phone = another()
    page = follow(phone, f"/confirm-email/{token_of(CONFIRM, JANE)}/")
    assert phone.submit(page.form("/confirm-email/"), password=PASSWORD).address == "/login/"
    assert not is_in(phone)
    assert "Not confirmed" not in visitor.get("/profile/").text


@pytest.mark.parametrize("guess", ["", "not the password of the account"])
def test_nobody_makes_an_account_of_a_stranger_theirs_by_pressing_the_button(
    visitor: Visitor, another: Browsers, guess: str
) -> None:
    register(visitor)  # a stranger, with Jane's address
    jane = another()
    page = follow(jane, f"/confirm-email/{token_of(CONFIRM, JANE)}/")
    page = jane.submit(page.form("/confirm-email/"), password=guess)
    assert page.status == 422
    assert "Not confirmed" in visitor.get("/profile/").text


def test_a_link_to_confirm_that_was_used_says_so_and_offers_another(
    visitor: Visitor, another: Browsers
) -> None:
    register(visitor)
    token = token_of(CONFIRM, JANE)
    confirmation.confirm(token)
    page = follow(another(), f"/confirm-email/{token}/")
    assert page.status == 410
    assert "has been used" in page.text


def test_an_old_link_offers_a_new_one_to_who_is_signed_in(
    clinic: FrozenClock, visitor: Visitor
) -> None:
    register(visitor)
    old = token_of(CONFIRM, JANE)
    clinic.advance(hours=49)
    log_in(visitor, JANE)
    page = follow(visitor, f"/confirm-email/{old}/")
    assert page.status == 410
    page = visitor.submit(page.form("/confirm-email/resend/"))
    assert "We have sent a new link" in page.text
    assert token_of(CONFIRM, JANE) != old


def test_asking_for_link_after_link_ends_with_a_sentence(visitor: Visitor) -> None:
    register(visitor)
    form = visitor.get("/profile/").form("/confirm-email/resend/")
    pages = [visitor.submit(form) for _ in range(5)]
    assert "several links already" in pages[-1].text
    assert len(mails(to=JANE)) == 4


def test_the_owner_of_an_address_finds_what_was_booked_in_their_own_account(
    visitor: Visitor,
) -> None:
    a_patient(email=JANE)
    register(visitor, password=FRESH)
    db.session.rollback()
    fresh = confirmation.proof_of(token_of(MessageKind.ALREADY_REGISTERED, JANE))
    assert fresh is not None
    assert fresh.user.patient is not None
    visit = booked(fresh.user.patient, a_doctor("Ada Byron"), tomorrow_at("10:30"))
    page = follow(visitor, f"/confirm-email/{token_of(MessageKind.ALREADY_REGISTERED, JANE)}/")
    assert "Wednesday 25 November, 10:30" in page.text
    page = visitor.submit(page.form("/confirm-email/"))
    assert page.address == "/login/"
    assert "You have an account with jane@example.org already." in page.text
    assert not is_in(visitor)
    assert log_in(visitor, JANE, FRESH).status == 422
    log_in(visitor, JANE, PASSWORD)
    assert visitor.get(f"/appointment-details/{visit.ref}/").status == 200


def test_a_visit_that_meets_another_is_named(visitor: Visitor) -> None:
    owner = a_patient(email=JANE)
    booked(owner, a_doctor(), tomorrow_at("10:30"))
    fresh = register_patient(Person("Jane", JANE, FRESH)).patient
    assert fresh is not None
    booked(fresh, a_doctor("Ada Byron"), tomorrow_at("10:45"))
    page = follow(visitor, f"/confirm-email/{token_of(MessageKind.ALREADY_REGISTERED, JANE)}/")
    page = visitor.submit(page.form("/confirm-email/"))
    assert "Wednesday 25 November, 10:45 with Dr. Ada Byron meets another" in page.text


@pytest.mark.parametrize("email", [JANE, "nobody@example.org", "closed@example.org"])
def test_asking_for_a_new_password_tells_nobody_whether_there_is_an_account(
    visitor: Visitor, email: str
) -> None:
    a_patient(email=JANE)
    a_patient(email="closed@example.org", is_active=False)
    page = ask_for_reset(visitor, email)
    assert page.status == 200
    expected = (
        f"If there is an account with {email} , a link is on its way there. "
        "It works for one hour, and once."
    )
    assert expected in page.text
    assert [mail.recipient for mail in mails(RESET)] == ([JANE] if email == JANE else [])


def test_a_new_password_by_link_ends_every_session(visitor: Visitor, another: Browsers) -> None:
    a_patient(email=JANE)
    log_in(visitor, JANE)
    copied = cookie_of(visitor)
    phone = another()
    ask_for_reset(phone)
    token = token_of(RESET, JANE)
    page = follow(phone, f"/reset-password/{token}/")
    assert token not in page.html
    page = phone.submit(page.form("/reset-password/"), password=FRESH)
    assert page.address == "/login/"
    assert "Your password is changed" in page.text
    assert not is_in(visitor)
    assert not is_in(with_cookie(another(), copied))
    assert log_in(phone, JANE, PASSWORD).status == 422
    assert log_in(phone, JANE, FRESH).status == 303
    assert len(mails(MessageKind.PASSWORD_CHANGED, JANE)) == 1


def test_a_reset_link_is_good_once(visitor: Visitor, another: Browsers) -> None:
    a_patient(email=JANE)
    password_reset.ask(JANE)
    token = token_of(RESET, JANE)
    page = follow(visitor, f"/reset-password/{token}/")
    late = another()
    late_page = follow(late, f"/reset-password/{token}/")
    visitor.submit(page.form("/reset-password/"), password=FRESH)
    answer = late.submit(late_page.form("/reset-password/"), password="a thief's pass phrase")
    assert answer.status == 410
    assert follow(another(), f"/reset-password/{token}/").status == 410
    assert log_in(visitor, JANE, FRESH).status == 303


@pytest.mark.parametrize("password", ["short", "1234567890", JANE, ""])
def test_a_poor_new_password_is_refused_and_the_link_stays_good(
    visitor: Visitor, password: str
) -> None:
    a_patient(email=JANE)
    password_reset.ask(JANE)
    page = follow(visitor, f"/reset-password/{token_of(RESET, JANE)}/")
    page = visitor.submit(page.form("/reset-password/"), password=password)
    assert page.status == 422
    assert 'id="password-error"' in page.html
    assert visitor.submit(page.form("/reset-password/"), password=FRESH).address == "/login/"


@pytest.mark.parametrize("path", ["/reset-password/", "/confirm-email/"])
def test_made_up_links_lead_to_a_page_that_helps(visitor: Visitor, path: str) -> None:
    assert visitor.get(path).status == 303
    for made_up in ("x", "x" * 3000, "%00", "é", "' OR 1=1--"):
        visitor.get(f"{path}{made_up}/")
        assert visitor.get(path).status == 410
    token = form_to(visitor.get("/login/"), "/login/").values["csrf_token"]
    values = {"csrf_token": token, "password": FRESH}
    assert visitor.post(path, values).status == 410


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", ""])
def test_a_host_that_is_not_ours_gets_no_answer(visitor: Visitor, host: str) -> None:
    response = visitor.client.get("/forgot-password/", base_url=ORIGIN, headers={"Host": host})
    assert response.status_code == 400


def test_a_forwarded_host_is_not_believed(visitor: Visitor) -> None:
    answer = visitor.client.get(
        "/profile/", base_url=ORIGIN, headers={"X-Forwarded-Host": "evil.example"}
    )
    assert "evil" not in answer.headers["Location"]
