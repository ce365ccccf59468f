"""A doctor's week laid out: what stands where, also when the clocks change."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from app.clock import instant_of, tick_of
from app.extensions import db
from app.models import Closure, Doctor, HoursException, HoursExceptionKind, VisitType
from app.scheduling import changes, diary, holds, openings, week
from app.scheduling.holders import Holder
from app.scheduling.moves import Actor
from app.scheduling.week import DayPlan, Kind, Plan, Stretch, Visits
from app.transaction import transactional
from tests.builders import BERLIN, a_doctor, a_location, a_patient, a_visit_type, at, booked, tick
from tests.scheduling.conftest import queries

WEDNESDAY = date(2026, 11, 25)


def plan_of(
    doctor: Doctor, first: date = WEDNESDAY, days: int = 1, kind: VisitType | None = None
) -> Plan:
    desk = openings.desk()
    facts = desk.catalogue.by_id.get(doctor.id)
    shown = [first + timedelta(n) for n in range(days)]
    time = diary.read(desk, doctor.id, shown[0], shown[-1])
    visit_type = facts.visit_types[0] if facts and kind is None else None
    if facts and kind is not None:
        visit_type = facts.visit_type(kind.ref)
    return week.lay_out(time, BERLIN, shown, visit_type, 30)


def stretches(day: DayPlan) -> list[tuple[Kind, str, str]]:
    """(kind, from, until) of each stretch that has cells, by the wall of Berlin."""
    found = []
    for block in day.blocks:
        if isinstance(block, Stretch) and block.cells:
            first, last = block.cells[0], block.cells[-1]
            ends = instant_of(last.tick + last.rows).astimezone(BERLIN)
            begins = instant_of(first.tick).astimezone(BERLIN)
            found.append((block.kind, f"{begins:%H:%M}", f"{ends:%H:%M}"))
    return found


def visits(day: DayPlan) -> list[Visits]:
    return [block for block in day.blocks if isinstance(block, Visits)]


@transactional
def add(row: object) -> None:
    db.session.add(row)


def test_a_day_is_its_hours_with_what_lies_outside_of_them(clinic):
    day = plan_of(a_doctor()).days[0]
    assert stretches(day) == [
        (Kind.OUTSIDE, "08:00", "09:00"),
        (Kind.OPEN, "09:00", "17:00"),
        (Kind.OUTSIDE, "17:00", "18:00"),
    ]
    assert day.openings == 31


def test_a_visit_stands_at_its_time_between_its_buffers(clinic):
    kind = a_visit_type(minutes=30, buffer_before=10, buffer_after=15)
    doctor = a_doctor(visit_types=[kind])
    booked(a_patient("Ines"), doctor, at("2026-11-25 10:00"))
    day = plan_of(doctor).days[0]
    assert (Kind.BUFFER, "09:50", "10:00") in stretches(day)
    assert (Kind.BUFFER, "10:30", "10:45") in stretches(day)
    (only,) = visits(day)
    assert only.rows == 6
    patient = only.lanes[0][0].visit.patient
    assert patient is not None
    assert patient.name == "Ines"


def test_a_free_time_is_cut_on_the_wall_but_never_thinner_than_a_finger_or_a_mouse_hits(clinic):
    doctor = a_doctor(visit_types=[a_visit_type(minutes=30, buffer_before=20, buffer_after=25)])
    booked(a_patient(), doctor, at("2026-11-25 12:00"))
    cells = [
        (f"{instant_of(cell.ends - cell.rows).astimezone(BERLIN):%H:%M}", cell.rows)
        for block in plan_of(doctor).days[0].blocks
        if isinstance(block, Stretch) and block.kind is not Kind.OUTSIDE
        for cell in block.cells
    ]
    assert ("10:30", 6) in cells
    assert ("11:00", 8) in cells  # rather than half an hour, and ten minutes
    assert ("12:55", 7) in cells  # rather than five minutes, and half an hour


def test_every_day_of_a_plan_is_as_long_as_its_axis(clinic):
    doctor = a_doctor(hours="06:30-21:00")
    booked(a_patient(), doctor, at("2026-11-25 10:00"))
    plan = plan_of(doctor, days=7)
    rows = sum(hour.rows for hour in plan.hours)
    assert rows == (21 - 6) * 12
    assert [sum(block.rows for block in day.blocks) for day in plan.days] == [rows] * 7


def test_time_off_and_closures_stand_with_their_words_and_extra_hours_are_marked(clinic):
    place = a_location()
    doctor = a_doctor(location=place)
    off = {"doctor_id": doctor.id, "kind": HoursExceptionKind.TIME_OFF, "note": "Congress"}
    add(HoursException(**off, starts_at=at("2026-11-25 11:00"), ends_at=at("2026-11-25 12:00")))
    extra = {"doctor_id": doctor.id, "kind": HoursExceptionKind.EXTRA_HOURS, "note": "Catching up"}
    evening = {"starts_at": at("2026-11-25 18:00"), "ends_at": at("2026-11-25 19:00")}
    add(HoursException(**extra, **evening, location_id=place.id))
    noon = {"starts_at": at("2026-11-25 13:00"), "ends_at": at("2026-11-25 14:00")}
    add(Closure(location_id=place.id, reason="Drill", **noon))
    found = {b.kind: b for b in plan_of(doctor).days[0].blocks if isinstance(b, Stretch)}
    assert found[Kind.TIME_OFF].note == "Congress"
    assert found[Kind.CLOSED].note == "Drill"
    assert (found[Kind.OPEN].is_extra, found[Kind.OPEN].note) == (True, "Catching up")


def test_a_hold_is_there_until_it_ends_and_a_cancelled_visit_is_not(clinic):
    doctor = a_doctor()
    kind = doctor.visit_types[0]
    holds.hold(Holder("somebody"), doctor.ref, kind.ref, tick("2026-11-25 10:00"), "a key")
    gone = booked(a_patient(), doctor, at("2026-11-25 12:00"))
    changes.cancel(gone, Actor.of(doctor.user), "Ill", version=gone.version)
    day = plan_of(doctor).days[0]
    assert [one.lanes[0][0].visit.status.value for one in visits(day)] == ["held"]
    assert day.visits == 0
    clinic.advance(minutes=11)
    assert visits(plan_of(doctor).days[0]) == []


def test_visits_that_overlap_stand_side_by_side(clinic):
    doctor = a_doctor()
    first = booked(a_patient(), doctor, at("2026-11-25 10:00"))

    @transactional
    def overbook() -> None:
        row = db.session.get_one(type(first), first.id)
        copied = {
            column.name: getattr(row, column.name)
            for column in row.__table__.columns
            if column.name not in {"id", "ref", "booking_key", "starts_at", "is_overbooked"}
        }
        starts_at = at("2026-11-25 10:15")
        db.session.add(type(first)(**copied, starts_at=starts_at, is_overbooked=True))

    overbook()
    (both,) = visits(plan_of(doctor).days[0])
    assert both.rows == 6
    assert [[(one.gap, one.rows) for one in lane] for lane in both.lanes] == [[(0, 6)], [(3, 3)]]


def test_a_visit_past_midnight_is_cut_at_the_end_of_its_day(clinic):
    doctor = a_doctor(hours="00:00-24:00", visit_types=[a_visit_type(minutes=60, step=30)])
    booked(a_patient(), doctor, at("2026-11-25 23:30"))
    wednesday, thursday = plan_of(doctor, days=2).days
    assert [one.rows for one in visits(wednesday)] == [6]
    assert [one.rows for one in visits(thursday)] == [6]


def test_the_present_is_a_row_of_today_only(clinic):
    clinic.move_to(at("2026-11-25 09:32"))
    wednesday, thursday = plan_of(a_doctor(), days=2).days
    assert (wednesday.now_row, thursday.now_row) == (18, None)
    now = [cell for b in wednesday.blocks if isinstance(b, Stretch) for cell in b.cells]
    assert [cell.tick for cell in now if cell.is_now] == [tick("2026-11-25 09:30")]


def test_the_night_without_two_o_clock_has_a_gap_there(clinic):
    clinic.move_to(datetime(2027, 3, 20, 8, tzinfo=UTC))
    saturday, sunday = plan_of(a_doctor(hours="00:00-06:00"), date(2027, 3, 27), 2).days
    assert sum(b.rows for b in saturday.blocks) == sum(b.rows for b in sunday.blocks)
    gaps = [b.rows for b in sunday.blocks if isinstance(b, Stretch) and b.kind is Kind.SKIPPED]
    assert gaps == [12]
    assert all(b.kind is not Kind.SKIPPED for b in saturday.blocks if isinstance(b, Stretch))


def test_the_night_with_two_o_clock_twice_has_both(clinic):
    plan = plan_of(a_doctor(hours="00:00-06:00"), date(2026, 10, 24), 2)
    assert [hour.label for hour in plan.hours][:5] == ["00:00", "01:00", "02:00", "02:00", "03:00"]
    saturday, sunday = plan.days
    gaps = [b.rows for b in saturday.blocks if isinstance(b, Stretch) and b.kind is Kind.SKIPPED]
    assert gaps == [12]
    ticks = [c.tick for b in sunday.blocks if isinstance(b, Stretch) for c in b.cells]
    assert tick_of(datetime(2026, 10, 25, 0, 0, tzinfo=UTC)) in ticks  # two o'clock, and again
    assert tick_of(datetime(2026, 10, 25, 1, 0, tzinfo=UTC)) in ticks


def test_a_week_takes_two_queries_once_the_hours_are_known_however_many_visits(clinic):
    doctor = a_doctor()
    number = doctor.id
    desk = openings.desk()
    diary.read(desk, number, WEDNESDAY, WEDNESDAY + timedelta(6))
    for hour in range(9, 15):
        booked(a_patient(), doctor, at(f"2026-11-25 {hour:02}:00"))
    desk = openings.desk()
    diary.read(desk, number, WEDNESDAY, WEDNESDAY + timedelta(6))
    db.session.expire_all()
    with queries() as asked:
        time = diary.read(desk, number, WEDNESDAY, WEDNESDAY + timedelta(6))
        names = [visit.patient.name for visit in time.visits if visit.patient]
    assert len(names) == 6
    assert len(asked) == 2, asked
