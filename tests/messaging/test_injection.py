"""Whatever people type stays in its line: in headers, in letters, in calendar files."""

from __future__ import annotations

import pytest
from icalendar import Calendar

from app.messaging.calendar_file import calendar_file
from app.messaging.plain import one_line
from app.scheduling import visits
from app.scheduling.moves import Actor
from tests.builders import a_doctor, a_patient, a_visit_type, booked
from tests.messaging.conftest import BASE_URL, in_three_days

EVIL = [
    "Eve\r\nBcc: everybody@example.org",
    "Eve\nATTACH:http://evil.example/x",
    "Eve\u2028Subject: other",
    "Eve\x0bX: y\x00\x1b[31m",
    'Eve";X-EVIL=1:mailto:x,\\n;',
    "Eve\u202egnp.exe",
    "<script>alert(1)</script>",
    "{{ 7 * 7 }}{% include 'x' %}",
]


@pytest.mark.parametrize("evil", EVIL)
def test_a_hostile_name_adds_no_header_and_no_line(clinic, letters, evil: str) -> None:
    kind = a_visit_type(evil[:80], preparation=evil)
    booked(a_patient(evil), a_doctor(evil, visit_types=[kind]), in_three_days())
    assert letters.run() == 1
    email = letters.sent[0]
    assert set(email.keys()) == {
        *("From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted"),
        *("MIME-Version", "Content-Type"),
    }
    raw_headers = email.as_bytes().partition(b"\r\n\r\n")[0]
    assert b"\r\nBcc" not in raw_headers
    lines = letters.last_text.splitlines()
    assert f"Hello {one_line(evil)}," in lines
    assert not [line for line in lines if line.startswith(("Bcc", "ATTACH", "Subject", "X:"))]
    html = email.get_body(("html",)).get_content()
    assert "<script>" not in html


@pytest.mark.parametrize("evil", EVIL)
def test_a_hostile_name_adds_no_line_to_a_calendar_file(clinic, evil: str) -> None:
    kind = a_visit_type(evil[:80], preparation=evil)
    visit = booked(a_patient(evil), a_doctor(evil, visit_types=[kind]), in_three_days())
    for method in ("PUBLISH", "REQUEST", "CANCEL"):
        file = calendar_file(visit, evil, BASE_URL, method, "no-reply@clinic.example")
        names = {line.split(b":")[0].split(b";")[0] for line in unfolded(file)}
        assert names <= {
            *(b"BEGIN", b"END", b"VERSION", b"PRODID", b"METHOD", b"UID", b"SEQUENCE"),
            *(b"DTSTAMP", b"DTSTART", b"DTEND", b"SUMMARY", b"DESCRIPTION", b"LOCATION"),
            *(b"URL", b"STATUS", b"ORGANIZER", b"ATTENDEE"),
        }
        event = Calendar.from_ical(file).events[0]
        assert str(event["SUMMARY"]) == one_line(f"{evil[:80]} with Dr. {evil}")


def test_a_hostile_reason_stays_one_line_of_the_letter(clinic, letters) -> None:
    visit = booked(a_patient(), a_doctor(), in_three_days())
    letters.run()
    reason = "Ill.\r\n\r\nBcc: x@example.org\nhttps://clinic.example/login/"
    visits.decline(visit, Actor.of(visit.doctor.user), reason, version=visit.version)
    clinic.advance(seconds=31)
    letters.run()
    assert "  Reason: Ill. Bcc: x@example.org https://clinic.example/login/\n" in letters.last_text


def test_lines_of_a_calendar_file_are_folded_between_letters(clinic) -> None:
    kind = a_visit_type("Untersuchung", preparation="Übernüchtern kommen 🩺 " * 30)
    visit = booked(a_patient(), a_doctor(visit_types=[kind]), in_three_days())
    file = calendar_file(visit, "Clinic", BASE_URL)
    assert max(len(line) for line in file.split(b"\r\n")) <= 75
    for line in file.split(b"\r\n"):
        line.decode()
    event = Calendar.from_ical(file).events[0]
    assert str(event["DESCRIPTION"]).count("🩺") == 30


def test_a_calendar_file_keeps_its_uid_and_says_utc(clinic) -> None:
    visit = booked(a_patient(), a_doctor(), in_three_days())
    file = calendar_file(visit, "Clinic", BASE_URL)
    assert f"UID:{visit.ref}@clinic.example\r\n".encode() in file
    assert b"DTSTART:20261127T093000Z\r\n" in file
    assert b"SEQUENCE:0\r\n" in file
    assert b"METHOD:PUBLISH\r\n" in file
    assert b"ATTENDEE" not in file
    assert b"A reason" not in file


def unfolded(file: bytes) -> list[bytes]:
    return file.replace(b"\r\n ", b"").rstrip(b"\r\n").split(b"\r\n")
