"""What is listed can be booked, and nothing else can: the list and the check against each other."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from app import clock
from app.clock import tick_of
from app.models import Doctor
from app.scheduling import holds, openings, strip
from app.scheduling.holders import Holder
from app.scheduling.refusals import NotBookable
from tests.builders import a_doctor, a_location, a_patient, a_visit_type, booked, policy, works
from tests.scheduling.test_openings import exception

# The nights of both clock changes in Europe, one of Lord Howe's, and a plain day.
NOWS = [
    datetime(2026, 10, 24, 20, 0, tzinfo=UTC),
    datetime(2027, 3, 27, 20, 3, tzinfo=UTC),
    datetime(2026, 10, 3, 9, 0, tzinfo=UTC),
    datetime(2026, 11, 24, 7, 1, tzinfo=UTC),
]
ZONES = [
    "Europe/Berlin",
    "Europe/Lisbon",
    "Pacific/Kiritimati",
    "Pacific/Pago_Pago",
    "Pacific/Chatham",
    "Australia/Lord_Howe",
]
halves = st.integers(0, 47).map(lambda n: n * 30)


def interval(begins: int, halves: int) -> str:
    ends = min(1440, begins + halves * 30)
    return f"{begins // 60:02}:{begins % 60:02}-{ends // 60:02}:{ends % 60:02}"


@dataclass(frozen=True)
class World:
    """A clinic's zone, a doctor's hours every day (where, and for whom), a visit type, and time
    off."""

    zone: str
    hours: list[tuple[str, str, str]]
    minutes: int
    step: int
    buffer: int
    off: int


worlds = st.builds(
    World,
    zone=st.sampled_from(ZONES),
    hours=st.lists(
        st.tuples(
            st.builds(interval, halves, st.integers(1, 12)),
            st.sampled_from(ZONES),
            st.sampled_from(["for all", "for it alone", "for others"]),
        ),
        min_size=1,
        max_size=3,
    ),
    minutes=st.sampled_from([15, 30, 50]),
    step=st.sampled_from([5, 15, 30]),
    buffer=st.sampled_from([0, 10]),
    off=st.integers(0, 40),
)


def a_doctor_of(world: World) -> Doctor:
    policy(zone=world.zone)
    kind = a_visit_type(
        minutes=world.minutes,
        step=world.step,
        buffer_before=world.buffer,
        buffer_after=world.buffer,
    )
    doctor = a_doctor(hours=None, visit_types=[kind])
    only = {"for all": [], "for it alone": [kind], "for others": [a_visit_type()]}
    for hours, zone, whose in world.hours:
        for weekday in range(1, 8):
            works(doctor, a_location(zone, zone), weekday, hours, only=only[whose])
    away = clock.now() + timedelta(hours=world.off)
    exception(doctor, away, away + timedelta(hours=2))
    return doctor


@settings(
    max_examples=30,
    phases=[Phase.generate],  # each example asks for a whole day: to shrink one takes minutes
)
@given(st.sampled_from(NOWS), worlds, st.data())
def test_every_listed_opening_can_be_held_and_every_other_tick_is_refused(clinic, now, world, data):
    clinic.move_to(now)
    doctor = a_doctor_of(world)
    desk = openings.desk()
    facts = desk.catalogue.by_id[doctor.id]
    kind = facts.visit_types[0]
    first, last = now.date() - timedelta(2), now.date() + timedelta(3)
    listed = {each.tick for each in openings.between(desk, [facts], kind, first, last)}
    day = range(tick_of(now) - 12, tick_of(now) + 288)
    for tick in day:
        if tick in listed:
            openings.require(desk, facts, kind, tick)
        else:
            with pytest.raises(NotBookable):
                openings.require(desk, facts, kind, tick)
    soon = sorted(listed.intersection(day))
    if soon:
        chosen = data.draw(st.sampled_from(soon))
        holder = Holder(f"browser-{doctor.id}", address=f"address-{doctor.id}")
        held = holds.hold(holder, facts.ref, kind.ref, chosen, "key")
        assert held.starts_at == clock.instant_of(chosen)


@pytest.mark.parametrize("on", NOWS)
def test_a_full_day_in_all_its_openings_can_be_booked_one_by_one(clinic, on):
    clinic.move_to(on)
    doctor = a_doctor(hours="00:00-24:00", visit_types=[a_visit_type(minutes=60, step=60)])
    desk = openings.desk()
    facts = desk.catalogue.by_id[doctor.id]
    tomorrow = clock.today(desk.settings.zoneinfo) + timedelta(1)
    listed = openings.of_day(desk, [facts], facts.visit_types[0], tomorrow)
    for opening in listed:
        booked(a_patient(), doctor, opening.starts_at)
    desk = openings.desk()
    found = strip.of_days(desk, [facts], facts.visit_types[0], tomorrow, days=1)
    assert found[0].why == "Every time is taken"
