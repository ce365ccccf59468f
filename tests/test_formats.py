"""How dates, times and money look."""

from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from app import formats

BERLIN = ZoneInfo("Europe/Berlin")
INSTANT = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)


def test_a_time_is_shown_on_the_wall_of_its_zone():
    assert formats.clock_time(INSTANT, BERLIN) == "10:30"


@pytest.mark.parametrize(
    ("day", "shown"), [(date(2026, 11, 24), "Tue 24 Nov"), (date(2026, 12, 1), "Tue 1 Dec")]
)
def test_a_short_day_has_weekday_day_and_month(day, shown):
    assert formats.short_day(day) == shown


def test_a_long_day_of_this_year_needs_no_year(frozen_clock):
    assert formats.long_day(date(2026, 12, 1)) == "Tuesday 1 December"


def test_a_long_day_of_another_year_names_it(frozen_clock):
    assert formats.long_day(date(2027, 1, 4)) == "Monday 4 January 2027"


def test_a_long_time_is_day_and_time(frozen_clock):
    assert formats.long_time(INSTANT, BERLIN) == "Tuesday 24 November, 10:30"


def test_a_long_time_has_the_date_of_its_own_zone(frozen_clock):
    kiritimati = ZoneInfo("Pacific/Kiritimati")
    late = datetime(2026, 11, 24, 12, tzinfo=UTC)
    assert formats.long_time(late, kiritimati) == "Wednesday 25 November, 02:00"


def test_the_local_day_is_the_date_on_the_wall():
    late = datetime(2026, 11, 24, 23, 30, tzinfo=UTC)
    assert formats.local_day(late, BERLIN) == date(2026, 11, 25)


@pytest.mark.parametrize(
    ("zone", "shown"),
    [
        ("Europe/Berlin", "Berlin time (UTC+1)"),
        ("Europe/London", "London time (UTC+0)"),
        ("Asia/Kathmandu", "Kathmandu time (UTC+5:45)"),
        ("America/St_Johns", "St Johns time (UTC−3:30)"),
        ("America/Argentina/Buenos_Aires", "Buenos Aires time (UTC−3)"),
        ("Pacific/Kiritimati", "Kiritimati time (UTC+14)"),
    ],
)
def test_a_zone_is_its_city_and_its_distance(zone, shown):
    assert formats.zone_name(zone, INSTANT) == shown


def test_a_zone_is_as_far_as_it_is_at_that_instant():
    summer = datetime(2026, 7, 1, tzinfo=UTC)
    assert formats.zone_name(BERLIN, summer) == "Berlin time (UTC+2)"


@pytest.mark.parametrize(
    ("zone", "instant", "shown"),
    [
        ("Europe/Berlin", datetime(2026, 10, 24, 23, 59, tzinfo=UTC), "01:59"),
        ("Europe/Berlin", datetime(2026, 10, 25, 0, 30, tzinfo=UTC), "02:30 (UTC+2)"),
        ("Europe/Berlin", datetime(2026, 10, 25, 1, 30, tzinfo=UTC), "02:30 (UTC+1)"),
        ("Europe/Berlin", datetime(2026, 10, 25, 2, 0, tzinfo=UTC), "03:00"),
        ("Europe/Berlin", datetime(2026, 3, 29, 1, 0, tzinfo=UTC), "03:00"),
        ("Australia/Lord_Howe", datetime(2026, 4, 4, 15, 15, tzinfo=UTC), "01:45 (UTC+10:30)"),
        ("Asia/Tokyo", datetime(2026, 10, 25, 0, 30, tzinfo=UTC), "09:30"),
    ],
)
def test_an_hour_that_comes_twice_says_how_far_it_is_from_utc(zone, instant, shown):
    assert formats.exact_clock(instant, ZoneInfo(zone)) == shown


@pytest.mark.parametrize(
    ("cents", "currency", "shown"),
    [
        (0, "EUR", "Free"),
        (5, "EUR", "€0.05"),
        (4500, "EUR", "€45.00"),
        (123_456_789, "GBP", "£1,234,567.89"),
        (4500, "JPY", "4,500 JPY"),
        (4500, "CHF", "45.00 CHF"),
    ],
)
def test_money_is_shown_in_its_currency(cents, currency, shown):
    assert formats.money(cents, currency) == shown


@pytest.mark.parametrize(
    ("number", "shown"), [(5, "5 min"), (60, "1 h"), (90, "1 h 30 min"), (120, "2 h")]
)
def test_a_length_is_hours_and_minutes(number, shown):
    assert formats.minutes(number) == shown
