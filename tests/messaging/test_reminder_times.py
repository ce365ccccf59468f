"""When a reminder is due: quiet hours, both nights on which the clocks change, and what holds for
every visit."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.clinic.settings import REMINDER_LEADS
from app.clock import TICK
from app.messaging.reminder_times import Quiet, due_at, points

BERLIN, NEW_YORK = ZoneInfo("Europe/Berlin"), ZoneInfo("America/New_York")
NIGHT, NONE = Quiet(21, 8), Quiet(0, 0)


def wall(text: str, zone: ZoneInfo, *, again: bool = False) -> datetime:
    """An instant by the wall of a zone; `again` for the second time that the wall shows it."""
    return datetime.fromisoformat(text).replace(tzinfo=zone, fold=int(again)).astimezone(UTC)


@pytest.mark.parametrize(
    ("starts", "lead", "due"),
    [
        ("2026-11-25 10:30", 24, "2026-11-24 10:30"),
        ("2026-11-25 10:30", 2, "2026-11-25 08:30"),
        ("2026-11-25 08:00", 24, "2026-11-24 08:00"),  # quiet hours are over
        ("2026-11-25 20:55", 24, "2026-11-24 20:55"),  # they have not begun
        ("2026-11-25 07:30", 24, "2026-11-24 08:00"),  # the morning: at their end
        ("2026-11-25 22:00", 24, "2026-11-25 08:00"),  # the evening: at their end
        ("2026-11-25 08:30", 2, "2026-11-24 20:55"),  # a short lead: before they begin
        ("2026-11-25 09:00", 4, "2026-11-24 20:55"),
        ("2026-11-26 00:30", 4, "2026-11-25 20:30"),
        ("2026-11-26 00:30", 2, "2026-11-25 20:55"),
    ],
)
def test_what_falls_into_quiet_hours_waits_or_comes_before(starts, lead, due) -> None:
    assert due_at(wall(starts, BERLIN), lead, BERLIN, NIGHT) == wall(due, BERLIN)


def test_a_reminder_that_would_wait_until_the_visit_comes_the_evening_before() -> None:
    all_day = Quiet(10, 9)
    starts = wall("2026-11-26 09:30", BERLIN)
    assert due_at(starts, 23, BERLIN, all_day) == wall("2026-11-25 09:55", BERLIN)


def test_without_quiet_hours_a_reminder_comes_at_night() -> None:
    assert due_at(wall("2026-11-25 04:00", BERLIN), 2, BERLIN, NONE) == wall(
        "2026-11-25 02:00", BERLIN
    )


def test_quiet_hours_are_those_where_the_patient_lives() -> None:
    starts = wall("2026-11-25 18:00", BERLIN)  # noon in New York, the day before at six
    assert due_at(starts, 24, NEW_YORK, NIGHT) == starts - timedelta(hours=24)
    early = wall("2026-11-25 13:00", BERLIN)  # seven in New York
    assert due_at(early, 24, NEW_YORK, NIGHT) == wall("2026-11-24 08:00", NEW_YORK)


@pytest.mark.parametrize(
    ("zone", "starts", "lead", "quiet", "due", "again"),
    [
        # The clocks go forward: two o'clock does not come, and three is the end.
        (BERLIN, "2026-03-30 01:30", 24, Quiet(21, 2), "2026-03-29 03:00", False),
        (NEW_YORK, "2026-03-09 01:30", 24, Quiet(21, 2), "2026-03-08 03:00", False),
        # A day before is 24 hours before, whatever the wall says.
        (BERLIN, "2026-03-29 12:00", 24, NIGHT, "2026-03-28 11:00", False),
        (NEW_YORK, "2026-03-08 12:00", 24, NIGHT, "2026-03-07 11:00", False),
        # Quiet hours would begin at two: they begin when three is shown.
        (BERLIN, "2026-03-29 07:00", 4, Quiet(2, 8), "2026-03-29 01:55", False),
        # The clocks go back: two o'clock comes twice in Berlin, and the first ends quiet hours.
        (BERLIN, "2026-10-26 00:30", 24, Quiet(21, 2), "2026-10-25 02:00", False),
        (BERLIN, "2026-10-26 02:30", 24, Quiet(21, 2), "2026-10-25 02:30", True),
        (NEW_YORK, "2026-11-01 23:30", 24, Quiet(21, 1), "2026-11-01 01:00", False),
        (NEW_YORK, "2026-11-02 01:30", 24, Quiet(21, 1), "2026-11-01 01:30", True),
        # The hour that comes twice is quiet both times.
        (BERLIN, "2026-10-26 02:30", 24, Quiet(21, 3), "2026-10-25 03:00", False),
        (NEW_YORK, "2026-11-02 01:30", 24, Quiet(21, 2), "2026-11-01 02:00", False),
    ],
)
def test_on_the_nights_on_which_the_clocks_change(zone, starts, lead, quiet, due, again) -> None:
    assert due_at(wall(starts, zone), lead, zone, quiet) == wall(due, zone, again=again)


def test_a_visit_is_never_reminded_of_for_a_point_before_its_time_was_arranged() -> None:
    starts = wall("2026-11-25 10:30", BERLIN)
    arranged = wall("2026-11-24 10:31", BERLIN)
    assert points(starts, arranged, (168, 24, 2), BERLIN, NIGHT) == {starts - timedelta(hours=2): 2}


def test_waiting_for_the_end_of_quiet_hours_does_not_make_a_lead_count_that_had_passed() -> None:
    starts = wall("2026-11-25 22:00", BERLIN)
    arranged = wall("2026-11-24 23:00", BERLIN)  # an hour after the lead, before quiet hours end
    assert points(starts, arranged, (24,), BERLIN, NIGHT) == {}


def test_leads_that_quiet_hours_bring_together_make_one_reminder() -> None:
    starts = wall("2026-11-25 07:00", BERLIN)
    found = points(starts, starts - timedelta(days=30), REMINDER_LEADS, BERLIN, NIGHT)
    assert found[wall("2026-11-24 20:55", BERLIN)] == 1
    assert sorted(found.values()) == [1, 24, 48, 72, 168, 336]


zones = st.sampled_from(
    ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "Asia/Beirut",
     "America/Havana", "Pacific/Apia", "America/St_Johns", "UTC"]
).map(ZoneInfo)  # fmt: skip
starts = st.integers(0, 3 * 366 * 288).map(
    lambda tick: datetime(2026, 1, 1, tzinfo=UTC) + tick * TICK
)
leads = st.sampled_from(REMINDER_LEADS)
hushes = st.tuples(st.integers(0, 23), st.integers(0, 16)).map(
    lambda pair: Quiet(pair[0], sum(pair) % 24)
)


@given(starts, leads, zones, hushes)
def test_no_reminder_is_ever_due_in_quiet_hours_or_once_the_visit_has_begun(
    starts_at, lead, zone, quiet
) -> None:
    due = due_at(starts_at, lead, zone, quiet)
    assert quiet.around(due, zone) is None
    assert due < starts_at


@given(starts, st.integers(0, 400 * 12), st.sets(leads), zones, hushes)
def test_no_reminder_is_ever_due_before_the_time_was_arranged(
    starts_at, ticks, wanted, zone, quiet
) -> None:
    arranged_at = starts_at - ticks * TICK
    found = points(starts_at, arranged_at, wanted, zone, quiet)
    assert all(arranged_at <= due < starts_at for due in found)
    assert set(found.values()) <= wanted


@given(starts, st.integers(0, 48 * 12), leads, zones, hushes)
def test_of_two_visits_the_later_one_is_not_reminded_of_earlier(
    starts_at, ticks, lead, zone, quiet
) -> None:
    later = starts_at + ticks * TICK
    assert due_at(starts_at, lead, zone, quiet) <= due_at(later, lead, zone, quiet)


@given(starts, leads, leads, zones, hushes)
def test_a_longer_lead_is_never_due_later(starts_at, one, other, zone, quiet) -> None:
    longer, shorter = max(one, other), min(one, other)
    assert due_at(starts_at, longer, zone, quiet) <= due_at(starts_at, shorter, zone, quiet)


@given(starts, zones, hushes)
def test_quiet_time_holds_each_of_its_instants_and_ends_outside_of_itself(at, zone, quiet) -> None:
    hush = quiet.around(at, zone)
    if hush is not None:
        assert hush[0] <= at < hush[1]
        assert quiet.around(hush[1], zone) is None
    assert quiet.around(quiet.over(at, zone), zone) is None
