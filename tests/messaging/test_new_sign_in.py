"""The letter about a sign-in from a browser that is new to the account."""

from __future__ import annotations

import pytest

from app.accounts import known_browsers
from app.accounts.sessions import Device
from app.models import User
from tests.builders import a_patient, policy
from tests.conftest import FrozenClock
from tests.messaging.conftest import BASE_URL, Letters

FIREFOX = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0"


@pytest.fixture
def jane(clinic: FrozenClock) -> User:
    return a_patient("Jane Doe", zone="Asia/Tokyo").user


def signs_in(user: User, device: Device) -> None:
    known_browsers.sign_in(user, device, "", "a key", with_notice=True)


def test_it_says_when_with_what_from_where_and_what_to_do(jane: User, letters: Letters) -> None:
    policy(phone="030 1234")
    signs_in(jane, Device(FIREFOX, "192.0.2.7"))
    letters.run()
    text = letters.last_text
    assert letters.sent[-1]["Subject"] == "A new sign-in to your account at Docket"
    assert letters.sent[-1]["To"] == jane.email
    assert "Tuesday 24 November, 16:00, Tokyo time (UTC+9)" in text
    assert "Firefox on Windows" in text
    assert "192.0.2.7" in text
    assert f"{BASE_URL}/forgot-password/" in text
    assert "030 1234" in text


def test_what_a_browser_calls_itself_is_never_repeated(jane: User, letters: Letters) -> None:
    signs_in(jane, Device("Free money: http://evil.example/\r\nBcc: x@evil.example", ""))
    letters.run()
    assert "evil" not in letters.sent[-1].as_string()
    assert "A browser that does not say its name" in letters.last_text
    assert "Address" not in letters.last_text
