"""How stored values read in the audit trail."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

import pytest

from app.admin import wording
from app.admin.wording import Difference

BERLIN = ZoneInfo("Europe/Berlin")


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("is_active", True, "yes"),
        ("is_active", False, "no"),
        ("zone", None, "nothing"),
        ("reason", "", "nothing"),
        ("starts_at", "2026-11-24T07:00:00+00:00", "Tuesday 24 November, 08:00"),
        ("starts_at", "soon", "soon"),
        ("price_cents", 9050, "90.50"),
        ("starts_minute", 545, "09:05"),
        ("weekday", 1, "Monday"),
        ("minutes", 30, "30"),
        ("status", "in_consultation", "in consultation"),
        ("email", "a_b@example.org", "a_b@example.org"),
        ("languages", ["en", "de"], "en, de"),
        ("hours", [{"weekday": 7, "starts_minute": 0}], "Weekday: Sunday; Starts: 00:00"),
    ],
)
def test_values_read_as_people_say_them(field: str, value: Any, words: str) -> None:
    assert wording.in_words(field, value, BERLIN) == words


def test_what_stayed_is_left_out_and_what_is_new_has_no_before() -> None:
    found = wording.differences({"name": "A", "phone": None}, {"name": "A", "visits": 2}, BERLIN)
    assert found == [
        Difference("Phone", "nothing", None),
        Difference("Visits", None, "2"),
    ]
