"""Ending somebody's sessions, and asking them for a new password."""

from __future__ import annotations

import pytest

from app.models import MessageKind
from tests.accounts.outbox import mails, token_of
from tests.admin.conftest import Office
from tests.builders import PASSWORD, a_patient
from tests.pages import Visitor

FRESH = "an entirely new pass phrase"


@pytest.fixture
def ines(office: Office) -> tuple[str, Visitor]:
    """Ines's reference, and her browser."""
    with office.app.app_context():
        user = a_patient("Ines Carvalho", "ines@example.org").user
        return user.ref, office.visitor(user.id)


def ask(office: Office, ref: str) -> None:
    page = office.admin.get(f"/admin/users/{ref}/")
    assert "They stay logged in on 1 browser" in page.text
    done = office.admin.submit(page.form(f"{ref}/password/"))
    assert "Ines Carvalho has to choose a new password" in done.text
    assert "Has to be changed before anything else" in done.text


def test_all_sessions_end_at_once(office: Office, ines: tuple[str, Visitor]) -> None:
    ref, browser = ines
    page = office.admin.get(f"/admin/users/{ref}/")
    assert "1 browser is logged out at once" in page.text
    office.admin.submit(page.form("/sessions/"))
    assert browser.get("/profile/").status == 303
    assert office.trail("user.sessions_ended")[0].before == {"sessions": 1}


def test_who_was_asked_can_only_choose_a_password_or_log_out(
    office: Office, ines: tuple[str, Visitor]
) -> None:
    ref, browser = ines
    ask(office, ref)
    for address in ("/", "/profile/", "/view-appointment/", "/appointment/"):
        assert browser.get(address).location == "/profile/password/"
    page = browser.get("/profile/password/")
    assert "Choose a new password before you go on" in page.text
    refused = browser.submit(page.form("/profile/password/"), current=PASSWORD, password=PASSWORD)
    assert "This is the password you have already" in refused.text
    browser.submit(page.form("/profile/password/"), current=PASSWORD, password=FRESH)
    assert browser.get("/view-appointment/").status == 200


def test_who_was_asked_can_log_out(office: Office, ines: tuple[str, Visitor]) -> None:
    ref, browser = ines
    ask(office, ref)
    browser.submit(browser.get("/profile/password/").form("/logout/"))
    assert browser.get("/").status == 200


def test_the_mailed_link_frees_them_too(office: Office, ines: tuple[str, Visitor]) -> None:
    ref, _ = ines
    ask(office, ref)
    with office.app.app_context():
        token = token_of(MessageKind.RESET_PASSWORD, "ines@example.org")
        assert mails(MessageKind.RESET_PASSWORD)[0].details["by"] == "Ana Sousa"
    elsewhere = Visitor(office.app.test_client())
    elsewhere.get(f"/reset-password/{token}/")
    page = elsewhere.get("/reset-password/")
    same = elsewhere.submit(page.form("/reset-password/"), password=PASSWORD)
    assert (same.status, "password you have already" in same.text) == (422, True)
    elsewhere.submit(page.form("/reset-password/"), password=FRESH)
    page = elsewhere.submit(
        elsewhere.get("/login/").form("/login/"), email="ines@example.org", password=FRESH
    )
    assert page.address == "/view-appointment/"
    assert office.trail("user.password_asked")[0].after == {"must_change_password": True}


def test_nobody_does_this_to_themselves_or_to_a_closed_account(
    office: Office, ines: tuple[str, Visitor]
) -> None:
    me = office.user(office.admin_id)
    page = office.admin.get(f"/admin/users/{me.ref}/")
    values = {**page.form("/logout/").values, "version": str(me.version)}
    for change in ("sessions", "password"):
        assert office.admin.post(f"/admin/users/{me.ref}/{change}/", values).status == 409
    ref, _ = ines
    page = office.admin.get(f"/admin/users/{ref}/")
    closed = office.admin.submit(page.form("/active/"))
    version = closed.form("/active/").values["version"]
    assert office.admin.submit(page.form("/password/"), version=version).status == 409
