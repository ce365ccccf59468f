"""Calendar feeds, read as calendars read them: by another library than any that Docket has."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import vobject
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st
from icalendar import Calendar
from sqlalchemy import insert
from werkzeug.test import TestResponse

from app import clock
from app.accounts import administration
from app.clinic import history
from app.clock import tick_of
from app.errors import ChangedMeanwhile, NotAllowed
from app.extensions import db
from app.messaging import feed_file, feeds
from app.messaging.calendar_file import calendar_file
from app.messaging.feed_file import Entry
from app.messaging.plain import one_line
from app.models import Appointment, Doctor, Patient, Role, User, VisitMode
from app.models import AppointmentStatus as Status
from app.scheduling import changes, visits
from app.scheduling.moves import Actor
from app.scheduling.visits import Step
from app.signing import Purpose, Signer
from tests.auth.conftest import Outside
from tests.builders import (
    BERLIN,
    a_doctor,
    a_location,
    a_patient,
    a_user,
    a_visit_type,
    at,
    booked,
    policy,
    tomorrow_at,
)
from tests.conftest import FrozenClock
from tests.messaging.conftest import in_three_days
from tests.pages import ORIGIN
from tests.scheduling.conftest import queries

Ask = Callable[..., TestResponse]
KEEP = 30


@pytest.fixture
def signer(app: Flask) -> Signer:
    return Signer(str(app.secret_key))


@pytest.fixture
def ask(app: Flask, clinic: FrozenClock) -> Ask:
    """A calendar that asks for an address; it has no cookies."""
    reader = Outside(app, app.response_class)

    def get(path: str, method: str = "GET", **headers: str) -> TestResponse:
        return reader.open(path, method=method, base_url=ORIGIN, headers=headers)

    return get


def address_of(user: User, signer: Signer) -> str:
    """The path of somebody's feed, which is turned on for it if need be."""
    if user.feed_number == feeds.OFF:
        feeds.renew(user, seen=feeds.OFF)
    path = feeds.path_of(user, signer)
    assert path is not None
    return path


def events_in(answer: TestResponse) -> list[Any]:
    assert answer.status_code == 200
    return list(getattr(vobject.readOne(answer.text), "vevent_list", []))


def test_a_patients_feed_holds_their_visits_as_the_mailed_files_know_them(
    visit: Appointment, ask: Ask, signer: Signer
) -> None:
    assert visit.patient is not None
    booked(a_patient("Somebody Else"), visit.doctor, in_three_days() + timedelta(hours=1))
    (event,) = events_in(ask(address_of(visit.patient.user, signer)))
    mailed = Calendar.from_ical(calendar_file(visit, "Docket", ORIGIN)).events[0]
    assert event.uid.value == mailed["uid"]
    assert event.sequence.value == str(mailed["sequence"])
    assert event.dtstart.value == visit.starts_at
    assert event.dtend.value == visit.ends_at
    assert event.summary.value == "Check with Dr. Ada Berg"
    assert event.location.value == "Main Street Practice, Main Street 1, Berlin"
    assert event.status.value == "CONFIRMED"
    assert event.url.value.endswith(f"/appointment-details/{visit.ref}/")
    assert "Bring your insurance card." in event.description.value


def test_the_reason_for_a_visit_stands_in_no_feed(
    visit: Appointment, ask: Ask, signer: Signer
) -> None:
    assert visit.reason == "A reason"
    assert visit.patient is not None
    for user in (visit.patient.user, visit.doctor.user):
        assert "A reason" not in ask(address_of(user, signer)).text


def test_a_request_is_tentative_until_it_is_approved(
    request_: Appointment, ask: Ask, signer: Signer
) -> None:
    assert request_.patient is not None
    path = address_of(request_.patient.user, signer)
    assert events_in(ask(path))[0].status.value == "TENTATIVE"
    visits.take(request_, Step.APPROVE, Actor.of(request_.doctor.user), version=request_.version)
    assert events_in(ask(path))[0].status.value == "CONFIRMED"


def test_a_moved_visit_stays_one_and_counts_on(
    visit: Appointment, ask: Ask, signer: Signer
) -> None:
    assert visit.patient is not None
    path = address_of(visit.patient.user, signer)
    before = events_in(ask(path))[0]
    later = tick_of(visit.starts_at + timedelta(hours=2))
    changes.move(visit, Actor.of(visit.patient.user), later, version=visit.version)
    (after,) = events_in(ask(path))
    assert after.uid.value == before.uid.value
    assert int(after.sequence.value) > int(before.sequence.value)
    assert after.dtstart.value == before.dtstart.value + timedelta(hours=2)


def test_a_cancelled_visit_says_so_until_a_week_after_its_time_and_then_goes(
    clinic: FrozenClock, visit: Appointment, ask: Ask, signer: Signer
) -> None:
    assert visit.patient is not None
    path = address_of(visit.patient.user, signer)
    changes.cancel(visit, Actor.of(visit.doctor.user), "Ill", version=visit.version)
    (event,) = events_in(ask(path))
    assert event.status.value == "CANCELLED"
    clinic.move_to(visit.ends_at + timedelta(days=7) - timedelta(minutes=1))
    assert len(events_in(ask(path))) == 1
    clinic.move_to(visit.ends_at + timedelta(days=7))
    assert events_in(ask(path)) == []


def test_a_feed_reaches_ninety_days_back(
    clinic: FrozenClock, visit: Appointment, ask: Ask, signer: Signer
) -> None:
    assert visit.patient is not None
    path = address_of(visit.patient.user, signer)
    clinic.move_to(visit.starts_at + timedelta(days=90) - timedelta(minutes=1))
    assert len(events_in(ask(path))) == 1
    clinic.move_to(visit.starts_at + timedelta(days=90))
    assert events_in(ask(path)) == []


def test_what_is_only_held_is_in_no_feed(ask: Ask, signer: Signer) -> None:
    patient, doctor = a_patient(), a_doctor()
    visit = booked(patient, doctor, in_three_days())
    visit_row = db.session.get_one(Appointment, visit.id)
    db.session.execute(
        Appointment.__table__.update()  # type: ignore[attr-defined]
        .where(Appointment.id == visit_row.id)
        .values(status=Status.HELD, hold_expires_at=clock.now() + timedelta(minutes=5))
    )
    db.session.commit()
    assert events_in(ask(address_of(doctor.user, signer))) == []


def test_a_doctors_feed_names_patients_only_where_the_doctor_wants_it(
    visit: Appointment, ask: Ask, signer: Signer
) -> None:
    path = address_of(visit.doctor.user, signer)
    plain = ask(path)
    assert events_in(plain)[0].summary.value == "Visit (Check)"
    assert "Ines" not in plain.text
    feeds.show_names(visit.doctor, True, seen=False)
    named = ask(path, **{"If-None-Match": plain.headers["ETag"]})
    assert events_in(named)[0].summary.value == "Ines Alva (Check)"
    feeds.show_names(visit.doctor, False, seen=True)
    assert "Ines" not in ask(path).text


def test_an_online_visit_has_no_place_and_no_directions(ask: Ask, signer: Signer) -> None:
    patient = a_patient()
    online = a_visit_type("Call", mode=VisitMode.ONLINE)
    booked(patient, a_doctor(visit_types=[online]), in_three_days())
    (event,) = events_in(ask(address_of(patient.user, signer)))
    assert event.location.value == "Online"


@pytest.mark.parametrize("week", ["2026-10-19", "2027-03-22"])
def test_every_visit_of_a_week_in_which_clocks_change_is_at_its_time_on_the_wall(
    clinic: FrozenClock, ask: Ask, signer: Signer, week: str
) -> None:
    clinic.move_to(at(f"{week} 06:00"))
    policy(open_bookings_per_patient=50, open_bookings_per_doctor=50)
    patient, doctor = a_patient(), a_doctor()
    first = datetime.fromisoformat(week).date()
    days = [first + timedelta(n) for n in range(1, 11)]
    for day in days:
        booked(patient, doctor, at(f"{day} 10:30"))
    events = events_in(ask(address_of(patient.user, signer)))
    starts = [event.dtstart.value.astimezone(BERLIN) for event in events]
    ends = [event.dtend.value.astimezone(BERLIN) for event in events]
    assert [f"{start:%Y-%m-%d %H:%M}" for start in starts] == [f"{day} 10:30" for day in days]
    assert [f"{end:%H:%M}" for end in ends] == ["11:00"] * len(days)
    assert len({start.utcoffset() for start in starts}) == 2


def test_a_feed_says_how_it_is_called_and_how_often_to_ask(
    visit: Appointment, ask: Ask, signer: Signer
) -> None:
    assert visit.patient is not None
    calendar = vobject.readOne(ask(address_of(visit.patient.user, signer)).text)
    said = {line.name: (line.value, line.params) for line in calendar.lines()}
    assert said["X-WR-CALNAME"][0] == "Visits · Docket"
    assert said["REFRESH-INTERVAL"] == ("PT60M", {"VALUE": ["DURATION"]})
    assert said["X-PUBLISHED-TTL"][0] == "PT60M"
    assert said["METHOD"][0] == "PUBLISH"


def test_a_feed_without_visits_is_a_calendar_too(ask: Ask, signer: Signer) -> None:
    assert events_in(ask(address_of(a_patient().user, signer))) == []


def test_an_unchanged_feed_is_not_written_again_and_every_change_is_seen(
    visit: Appointment, ask: Ask, signer: Signer, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert visit.patient is not None
    path = address_of(visit.patient.user, signer)
    first = ask(path)
    tag = first.headers["ETag"]
    with monkeypatch.context() as never:
        never.setattr(feed_file, "written", None)
        again = ask(path, **{"If-None-Match": tag})
        assert ask(path, **{"If-None-Match": f"W/{tag}"}).status_code == 304
    assert (again.status_code, again.data, again.headers["ETag"]) == (304, b"", tag)
    visit.visit_type.name = "Long check"
    db.session.commit()
    renamed = ask(path, **{"If-None-Match": tag})
    assert events_in(renamed)[0].summary.value == "Long check with Dr. Ada Berg"
    changes.cancel(visit, Actor.of(visit.doctor.user), "Ill", version=visit.version)
    assert ask(path, **{"If-None-Match": renamed.headers["ETag"]}).status_code == 200


def test_equal_tags_mean_equal_files(
    clinic: FrozenClock, visit: Appointment, ask: Ask, signer: Signer
) -> None:
    path = address_of(visit.doctor.user, signer)
    first = ask(path)
    clinic.advance(hours=1)
    second = ask(path)
    assert (second.headers["ETag"], second.data) == (first.headers["ETag"], first.data)


def test_asking_for_the_head_alone_works(visit: Appointment, ask: Ask, signer: Signer) -> None:
    path = address_of(visit.doctor.user, signer)
    whole, head = ask(path), ask(path, "HEAD")
    assert (head.status_code, head.data) == (200, b"")
    for name in ("Content-Type", "Content-Length", "ETag", "Cache-Control"):
        assert head.headers[name] == whole.headers[name]


def test_no_shared_cache_keeps_a_feed(visit: Appointment, ask: Ask, signer: Signer) -> None:
    answer = ask(address_of(visit.doctor.user, signer))
    assert answer.headers["Content-Type"] == "text/calendar; charset=utf-8"
    assert answer.headers["Content-Disposition"] == 'inline; filename="visits.ics"'
    assert answer.headers["Cache-Control"] == "private, no-cache"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "Set-Cookie" not in answer.headers


def test_a_new_address_ends_the_old_one_at_once(ask: Ask, signer: Signer) -> None:
    user = a_patient().user
    old = address_of(user, signer)
    feeds.renew(user, seen=user.feed_number)
    new = address_of(user, signer)
    assert (ask(old).status_code, ask(new).status_code) == (404, 200)


def test_an_address_that_was_given_up_never_comes_back(ask: Ask, signer: Signer) -> None:
    user = a_patient().user
    old = [address_of(user, signer)]
    for _ in range(5):
        feeds.turn_off(user, seen=user.feed_number)
        assert feeds.path_of(user, signer) is None
        feeds.renew(user, seen=feeds.OFF)
        old.append(address_of(user, signer))
    assert [ask(path).status_code for path in old] == [404] * 5 + [200]


def test_every_address_that_holds_nothing_is_answered_alike(ask: Ask, signer: Signer) -> None:
    admin = a_user(Role.ADMIN)
    closed, waiting, off, promoted, good = (a_patient().user for _ in range(5))
    paths = [address_of(user, signer) for user in (closed, waiting, off, promoted)]
    administration.set_active(closed, False, admin, version=closed.version)
    administration.ask_for_new_password(waiting, admin, version=waiting.version)
    feeds.turn_off(off, seen=off.feed_number)
    administration.set_role(promoted, Role.ADMIN, admin, version=promoted.version)
    whole = address_of(good, signer)
    subject = f"{good.ref}:{good.feed_number}"
    paths += [
        whole.replace(".ics", "x.ics"),
        f"/calendar/{Signer('another key').token(Purpose.CALENDAR_FEED, subject)}.ics",
        f"/calendar/{signer.token(Purpose.STOP_REMINDERS, subject)}.ics",
        f"/calendar/{signer.token(Purpose.CALENDAR_FEED, f'{off.ref}:0')}.ics",
        f"/calendar/{signer.token(Purpose.CALENDAR_FEED, f'nobody:{good.feed_number}')}.ics",
        "/calendar/a.ics",
        f"/calendar/{'a' * 3000}.ics",
    ]
    assert ask(whole).status_code == 200
    answers = [ask(path) for path in paths]
    assert {answer.status_code for answer in answers} == {404}
    assert len({answer.data for answer in answers}) == 1


def test_an_admin_has_no_feed(clinic: FrozenClock) -> None:
    admin = a_user(Role.ADMIN)
    with pytest.raises(NotAllowed):
        feeds.renew(admin, seen=feeds.OFF)


def test_one_feed_cannot_be_asked_for_for_ever(limited_app: Flask) -> None:
    with limited_app.app_context():
        signer = Signer(str(limited_app.secret_key))
        path, other = (address_of(a_patient().user, signer) for _ in range(2))
    reader = limited_app.test_client()
    answers = [reader.get(path, base_url=ORIGIN).status_code for _ in range(121)]
    assert answers == [200] * 120 + [429]
    assert reader.get(other, base_url=ORIGIN).status_code == 200


def test_a_thousand_visits_take_two_queries_and_little_time(
    clinic: FrozenClock, ask: Ask, signer: Signer
) -> None:
    doctor = a_doctor("Ada Berg")
    a_thousand_visits(a_patient("Ines Alva"), doctor)
    path = address_of(doctor.user, signer)
    ask(path)
    with queries() as asked:
        begun = time.perf_counter()
        answer = ask(path)
        taken = time.perf_counter() - begun
    assert len(events_in(answer)) == 1000
    assert len(asked) == 2
    assert taken < 1, f"{taken:.2f} s"
    with queries() as asked:
        assert ask(path, **{"If-None-Match": answer.headers["ETag"]}).status_code == 304
    assert len(asked) == 2


def a_thousand_visits(patient: Patient, doctor: Doctor) -> None:
    first, half = tomorrow_at("09:00"), timedelta(minutes=30)
    kind, place = doctor.visit_types[0], a_location()
    starts = [first + n * half for n in range(1000)]
    db.session.execute(
        insert(Appointment),
        [
            {
                "doctor_id": doctor.id,
                "patient_id": patient.id,
                "visit_type_id": kind.id,
                "location_id": place.id,
                "status": Status.CONFIRMED,
                "starts_at": start,
                "ends_at": start + half,
                "busy_from_tick": tick_of(start),
                "busy_until_tick": tick_of(start + half),
                "mode": kind.mode,
                "currency": "EUR",
            }
            for start in starts
        ],
    )
    db.session.commit()


@given(st.text(min_size=1, max_size=300), st.text(max_size=300))
def test_whatever_people_are_called_a_calendar_reads_what_was_meant(name: str, note: str) -> None:
    noon = datetime(2026, 11, 24, 12, tzinfo=UTC)
    entry = Entry(
        uid="a@clinic.example",
        sequence=0,
        status="CONFIRMED",
        settled_at=noon,
        starts_at=noon,
        ends_at=noon + timedelta(minutes=30),
        title=name,
        place=name,
        notes=(note, "END:VEVENT\r\nBEGIN:VEVENT", name),
        address="https://clinic.example/",
    )
    content = feed_file.written(name, [entry], timedelta(hours=1))
    assert all(len(line) <= 75 for line in content.split(b"\r\n"))
    calendar = vobject.readOne(content.decode())
    (event,) = calendar.vevent_list
    assert event.summary.value == event.location.value == one_line(name)
    said = [one_line(note), "END:VEVENT BEGIN:VEVENT", one_line(name)]
    assert event.description.value == "\n".join(line for line in said if line)


def test_that_a_feed_was_made_renewed_and_turned_off_stands_in_the_trail(
    clinic: FrozenClock,
) -> None:
    user = a_patient().user
    feeds.renew(user, seen=feeds.OFF)
    feeds.renew(user, seen=user.feed_number)
    feeds.turn_off(user, seen=user.feed_number)
    feeds.turn_off(user, seen=feeds.OFF)
    assert trail_of(user) == ["user.feed_made", "user.feed_renewed", "user.feed_turned_off"]


def trail_of(user: User) -> list[str]:
    return [event.action for event in reversed(history.of("user", user.id, KEEP))]


def test_a_feed_that_was_changed_in_another_tab_is_not_changed_unseen(clinic: FrozenClock) -> None:
    user = a_patient().user
    feeds.renew(user, seen=feeds.OFF)
    number = user.feed_number
    for stale in (feeds.OFF, number + 1):
        with pytest.raises(ChangedMeanwhile):
            feeds.renew(user, seen=stale)
        with pytest.raises(ChangedMeanwhile):
            feeds.turn_off(user, seen=stale)
    assert user.feed_number == number
