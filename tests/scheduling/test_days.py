"""Local days: every wall, both clock changes, gaps at midnight and the date line."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.clock import instant_of, tick_of
from app.scheduling.availability import positions
from app.scheduling.days import date_of, local_day, next_start

ZONES = [
    "Europe/Berlin",
    "Europe/Lisbon",
    "Africa/Cairo",
    "Asia/Beirut",
    "America/Havana",
    "America/St_Johns",
    "Asia/Kathmandu",
    "Australia/Lord_Howe",
    "Pacific/Chatham",
    "Pacific/Kiritimati",
    "Pacific/Pago_Pago",
    "UTC",
]
zones = st.sampled_from(ZONES).map(ZoneInfo)
days = st.dates(date(2024, 1, 1), date(2030, 12, 31))
minutes = st.integers(0, 288).map(lambda n: n * 5)


def ticks_of(on: date, zone: ZoneInfo) -> list[int]:
    """The naive model: each tick whose wall shows the date."""
    noon = tick_of(datetime(on.year, on.month, on.day, 12, tzinfo=UTC))
    return [t for t in range(noon - 500, noon + 500) if wall(t, zone).date() == on]


def wall(tick: int, zone: ZoneInfo) -> datetime:
    return instant_of(tick).astimezone(zone)


def minute(tick: int, zone: ZoneInfo) -> int:
    return wall(tick, zone).hour * 60 + wall(tick, zone).minute


def times(on: date, zone: ZoneInfo, step: int) -> list[str]:
    day = local_day(on, zone)
    return [f"{wall(day.first + bit, zone):%H:%M}" for bit in positions(day.starts(step))]


@given(days, zones)
def test_a_day_is_the_ticks_whose_wall_shows_its_date(on, zone):
    day = local_day(on, zone)
    assert list(range(day.first, day.last)) == ticks_of(on, zone)


@given(days, zones, minutes, minutes)
def test_an_interval_is_the_ticks_whose_wall_lies_in_it(on, zone, begins, ends):
    day = local_day(on, zone)
    expected = [t for t in ticks_of(on, zone) if begins <= minute(t, zone) < ends]
    assert [day.first + bit for bit in positions(day.mask(begins, ends))] == expected


@given(days, zones, st.sampled_from([5, 10, 15, 20, 30, 60]))
def test_a_time_on_the_grid_is_offered_where_the_wall_first_shows_it(on, zone, step):
    day = local_day(on, zone)
    first: dict[int, int] = {}
    for tick in ticks_of(on, zone):
        first.setdefault(minute(tick, zone), tick)
    expected = sorted(tick for shown, tick in first.items() if shown % step == 0)
    assert [day.first + bit for bit in positions(day.starts(step))] == expected


@pytest.mark.parametrize(
    ("zone", "on", "ticks"),
    [
        ("Europe/Berlin", date(2026, 11, 24), 288),
        ("Europe/Berlin", date(2027, 3, 28), 276),
        ("Europe/Berlin", date(2026, 10, 25), 300),
        ("Europe/Lisbon", date(2027, 3, 28), 276),
        ("Europe/Lisbon", date(2026, 10, 25), 300),
        ("Australia/Lord_Howe", date(2026, 10, 4), 282),
        ("Australia/Lord_Howe", date(2026, 4, 5), 294),
        ("Asia/Beirut", date(2027, 3, 28), 276),
        ("Africa/Cairo", date(2026, 4, 24), 276),
        ("Pacific/Chatham", date(2026, 9, 27), 276),
    ],
)
def test_a_day_is_as_long_as_its_clock_change_makes_it(zone, on, ticks):
    day = local_day(on, ZoneInfo(zone))
    assert day.last - day.first == ticks


def test_the_hour_that_spring_skips_is_not_offered():
    assert times(date(2027, 3, 28), ZoneInfo("Europe/Berlin"), 30)[2:6] == [
        "01:00",
        "01:30",
        "03:00",
        "03:30",
    ]


def test_the_hour_that_autumn_repeats_is_offered_once():
    on = date(2026, 10, 25)
    assert times(on, ZoneInfo("Europe/Berlin"), 60) == [f"{hour:02}:00" for hour in range(24)]


def test_the_repeated_hour_is_offered_at_its_first_occurrence():
    day = local_day(date(2026, 10, 25), ZoneInfo("Europe/Berlin"))
    starts = [instant_of(day.first + bit) for bit in positions(day.starts(60))]
    assert starts[2] == datetime(2026, 10, 25, 0, tzinfo=UTC)
    assert starts[3] == datetime(2026, 10, 25, 2, tzinfo=UTC)


def test_work_through_the_repeated_hour_lasts_twice_as_long():
    day = local_day(date(2026, 10, 25), ZoneInfo("Europe/Berlin"))
    assert day.mask(2 * 60, 3 * 60).bit_count() == 24


def test_work_within_the_skipped_hour_does_not_exist():
    day = local_day(date(2027, 3, 28), ZoneInfo("Europe/Berlin"))
    assert day.mask(2 * 60, 3 * 60) == 0


def test_a_day_without_a_midnight_begins_at_one():
    assert times(date(2027, 3, 28), ZoneInfo("Asia/Beirut"), 60)[0] == "01:00"


def test_half_an_hour_of_clock_change_skips_half_an_hour():
    offered = times(date(2026, 10, 4), ZoneInfo("Australia/Lord_Howe"), 15)
    assert "02:00" not in offered
    assert "02:15" not in offered
    assert "02:30" in offered


@given(days, zones)
def test_days_follow_each_other_without_a_gap(on, zone):
    assert local_day(on, zone).last == local_day(on + timedelta(1), zone).first


@pytest.mark.parametrize(
    ("zone", "shown"),
    [("Pacific/Kiritimati", date(2026, 11, 25)), ("Pacific/Pago_Pago", date(2026, 11, 23))],
)
def test_one_instant_has_another_date_on_each_side_of_the_date_line(zone, shown):
    assert date_of(tick_of(datetime(2026, 11, 24, 10, 30, tzinfo=UTC)), ZoneInfo(zone)) == shown


@given(on=days, zone=zones, minute=minutes, step=st.sampled_from([5, 10, 15, 20, 30, 60]))
def test_the_next_start_is_the_first_that_a_day_offers(on, zone, minute, step):
    tick = local_day(on, zone).first + minute // 5
    ahead = [
        start
        for day in (on, on + timedelta(1), on + timedelta(2))
        for position in positions(local_day(day, zone).starts(step))
        if (start := local_day(day, zone).first + position) >= tick
    ]
    assert next_start(tick, zone, step) == min(ahead)
