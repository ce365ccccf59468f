"""The demo clinic itself: places, what can be booked, who works when. Rows, written directly,
because no use case makes them yet."""

from __future__ import annotations

import unicodedata
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from app import clock
from app.clinic import settings
from app.clinic.settings import ClinicSettings
from app.demo.money import EITHER
from app.demo.people import ALSTER, CHIADO, DOCTORS, MITTE, WAITING, Colleague
from app.extensions import db
from app.models import (
    Calendar,
    CalendarKind,
    Closure,
    Doctor,
    DoctorLanguage,
    HoursException,
    HoursExceptionKind,
    Location,
    PayWhen,
    Role,
    Specialty,
    User,
    VisitMode,
    VisitType,
    WorkingHours,
)
from app.transaction import transactional

BERLIN, LISBON = "Europe/Berlin", "Europe/Lisbon"
SIGNS_IN = "doctor@demo.docket"
OPENED = timedelta(days=120)  # how long ago the clinic began

PLACES = (
    (MITTE, "Lindenhof Mitte", "Linienstraße 84", "Berlin", BERLIN, "+49 30 5550 140",
     "U8 to Rosenthaler Platz, then five minutes on foot. Second courtyard, lift to the third "
     "floor. Step-free from the street."),
    (ALSTER, "Lindenhof Alster", "Lange Reihe 29", "Hamburg", BERLIN, "+49 40 5550 220",
     "Ten minutes on foot from the main station. Ring at “Lindenhof”; the waiting room is on the "
     "ground floor."),
    (CHIADO, "Lindenhof Chiado", "Rua Garrett 61", "Lisbon", LISBON, "+351 21 555 0140",
     "Metro Baixa-Chiado, exit Largo do Chiado. First floor; the lift is behind the stairs."),
)  # fmt: skip

BRING = "Please bring your insurance card and a list of the medicines that you take."
CALM = "Find a quiet place with a stable connection. The link opens ten minutes before."
IN_PERSON, ONLINE = VisitMode.IN_PERSON, VisitMode.ONLINE

# name, minutes, buffer before, buffer after, step, mode, needs approval, cents, preparation
VISIT_TYPES = (
    ("Short check-up", 15, 0, 0, 15, IN_PERSON, False, 0, ""),
    ("First visit", 30, 0, 5, 15, IN_PERSON, False, 0, BRING),
    ("Follow-up", 20, 0, 0, 20, IN_PERSON, False, 0, ""),
    ("Vaccination", 15, 0, 5, 15, IN_PERSON, False, 2500, "Please bring your vaccination booklet."),
    ("Video consultation", 20, 0, 5, 15, ONLINE, False, 3500, CALM),
    ("Skin check", 30, 0, 10, 30, IN_PERSON, False, 8000,
     "Come without make-up or nail varnish, so that we can see the skin."),
    ("Well-child visit", 30, 0, 5, 30, IN_PERSON, False, 0, "Please bring the health record."),
    ("Heart check with ECG", 45, 10, 5, 15, IN_PERSON, False, 9500,
     "No coffee for three hours before. Wear a top that opens at the front."),
    ("Full examination", 60, 5, 10, 30, IN_PERSON, True, 14000,
     "Nothing to eat for eight hours before; water is fine. " + BRING),
    ("Second opinion", 45, 0, 10, 15, IN_PERSON, True, 18000,
     "Please send or bring the reports that you already have."),
    ("Talking therapy online", 50, 0, 10, 60, ONLINE, False, 11000, CALM),
    ("First conversation", 30, 0, 10, 30, ONLINE, True, 0, CALM),
)  # fmt: skip


@transactional
def open_clinic(password_hash: str) -> None:
    """Write the clinic as it has been since `OPENED` ago, with what is planned around today."""
    with clock.frozen(clock.now() - OPENED):
        settings.store(
            ClinicSettings(
                name="Lindenhof Clinic",
                phone="+49 30 5550 100",
                email="hello@demo.docket",
                zone=BERLIN,
                late_fee_percent=50,
                no_show_fee_percent=100,
            )
        )
        places = {place.slug: place for place in _places()}
        visit_types = {kind.name: kind for kind in _visit_types()}
        specialties: dict[str, Specialty] = {}
        doctors = [
            _doctor(colleague, places, visit_types, specialties, password_hash)
            for colleague in DOCTORS
        ]
    with clock.frozen(clock.now() - timedelta(days=2)):
        for colleague in WAITING:
            _doctor(colleague, places, visit_types, specialties, password_hash, approved=False)
    _exceptions(doctors, places, clock.today(ZoneInfo(BERLIN)))


def address_of(name: str, at: str) -> str:
    """An e-mail address made from a name: `ines.figueiredo@…`."""
    plain = unicodedata.normalize("NFKD", name.replace("ı", "i")).encode("ascii", "ignore").decode()
    return f"{'.'.join(plain.lower().split())}@{at}"


def _places() -> list[Location]:
    rows = [
        Location(
            slug=slug,
            name=name,
            address=address,
            city=city,
            zone=zone,
            phone=phone,
            directions=directions,
        )
        for slug, name, address, city, zone, phone, directions in PLACES
    ]
    db.session.add_all(rows)
    db.session.flush()
    return rows


def _visit_types() -> list[VisitType]:
    rows = [
        VisitType(
            name=name,
            minutes=minutes,
            buffer_before=before,
            buffer_after=after,
            step=step,
            mode=mode,
            needs_approval=needs_approval,
            price_cents=cents,
            pay_when=PayWhen.EITHER if name in EITHER else PayWhen.AT_CLINIC,
            preparation=preparation,
        )
        for name, minutes, before, after, step, mode, needs_approval, cents, preparation in (
            VISIT_TYPES
        )
    ]
    db.session.add_all(rows)
    db.session.flush()
    return rows


def _doctor(
    colleague: Colleague,
    places: dict[str, Location],
    visit_types: dict[str, VisitType],
    specialties: dict[str, Specialty],
    password_hash: str,
    *,
    approved: bool = True,
) -> Doctor:
    is_first = colleague is DOCTORS[0]
    email = SIGNS_IN if is_first else address_of(colleague.name, "demo.docket")
    user = User(
        name=colleague.name,
        email=email,
        confirmed_email=email,
        role=Role.DOCTOR,
        password_hash=password_hash,
    )
    calendar = Calendar(kind=CalendarKind.DOCTOR)
    db.session.add_all([user, calendar])
    db.session.flush()
    doctor = Doctor(
        user_id=user.id,
        calendar_id=calendar.id,
        title=colleague.title,
        licence_number=f"DE-{100_000 + user.id * 37}",
        about=colleague.about,
        approved_at=clock.now() if approved else None,
        is_published=approved,
        specialties=[_specialty(name, specialties) for name in colleague.specialties.split(", ")],
        visit_types=[visit_types[name] for name in colleague.visits.split(", ")],
        spoken=[DoctorLanguage(language=code) for code in colleague.languages.split()],
    )
    db.session.add(doctor)
    db.session.flush()
    db.session.add_all(_hours(doctor, colleague, places))
    return doctor


def _specialty(name: str, known: dict[str, Specialty]) -> Specialty:
    if name not in known:
        known[name] = Specialty(slug=name.lower().replace(" ", "-"), name=name)
    return known[name]


def _hours(doctor: Doctor, colleague: Colleague, places: dict[str, Location]) -> list[WorkingHours]:
    return [
        WorkingHours(
            doctor_id=doctor.id,
            location_id=places[place].id,
            weekday=weekday,
            starts_minute=_minute(interval[:5]),
            ends_minute=_minute(interval[6:]),
        )
        for place, week in colleague.weeks
        for weekday, intervals in week.items()
        for interval in intervals
    ]


def _minute(wall: str) -> int:
    return int(wall[:2]) * 60 + int(wall[3:])


def _exceptions(doctors: list[Doctor], places: dict[str, Location], today: date) -> None:
    """A fortnight off, single days, weekend duty, and one place that closes for a day."""
    for number, first, days in ((6, 4, 14), (13, -20, 7), (18, 8, 3), (1, 12, 1)):
        _exception(doctors[number], today + timedelta(first), days)
    for number, place in ((10, ALSTER), (17, CHIADO)):
        on = today + timedelta((7 - today.isoweekday()) % 7 or 7)  # the next Sunday
        _extra(doctors[number], on, places[place], "10:00-13:00")
    for on in (today, today + timedelta(1)):
        if on.isoweekday() > 5:  # the doctor who signs in always has a day to look at
            _extra(doctors[0], on, places[MITTE], "08:00-12:30")
            _extra(doctors[0], on, places[MITTE], "13:30-18:00")
    closes = today + timedelta(15)
    closes += timedelta(max(0, 8 - closes.isoweekday()) if closes.isoweekday() > 5 else 0)
    db.session.add(
        Closure(
            location_id=places[ALSTER].id,
            starts_at=_wall(closes, 0, BERLIN),
            ends_at=_wall(closes + timedelta(1), 0, BERLIN),
            reason="the heating is being replaced",
        )
    )


def _exception(doctor: Doctor, first: date, days: int) -> None:
    db.session.add(
        HoursException(
            doctor_id=doctor.id,
            kind=HoursExceptionKind.TIME_OFF,
            starts_at=_wall(first, 0, BERLIN),
            ends_at=_wall(first + timedelta(days), 0, BERLIN),
            note="Holiday" if days > 2 else "Training",
        )
    )


def _extra(doctor: Doctor, on: date, place: Location, interval: str) -> None:
    db.session.add(
        HoursException(
            doctor_id=doctor.id,
            kind=HoursExceptionKind.EXTRA_HOURS,
            location_id=place.id,
            starts_at=_wall(on, _minute(interval[:5]), place.zone),
            ends_at=_wall(on, _minute(interval[6:]), place.zone),
            note="Weekend duty",
        )
    )


def _wall(on: date, minute: int, zone: str) -> datetime:
    hour, rest = divmod(minute, 60)
    return datetime(on.year, on.month, on.day, hour, rest, tzinfo=ZoneInfo(zone)).astimezone(UTC)
