"""Whatever people type stays in its line: in headers, in letters, in calendar files. A clinic in
which everything is named by an attacker sends letters of the same build as any other."""

from __future__ import annotations

from datetime import timedelta
from email.message import EmailMessage
from typing import Any

import html5lib
import pytest
import vobject

from app.clock import tick_of
from app.messaging.calendar_file import calendar_file
from app.messaging.plain import one_line
from app.models import Location
from app.scheduling import changes, visits
from app.scheduling.moves import Actor
from app.transaction import transactional
from tests.builders import a_doctor, a_location, a_patient, a_visit_type, booked, policy
from tests.messaging.conftest import BASE_URL, html_of, in_three_days, text_of

EVIL = {
    "a header": "Eve\r\nBcc: everybody@example.org",
    "a property": "Eve\nATTACH:http://evil.example/x",
    "another line break": "Eve\u2028Subject: other\x85\u2029X:1",
    "controls": "Eve\x0bX: y\x00\x1b[31m",
    "a parameter": 'Eve";X-EVIL=1:mailto:x,\\n;',
    "separators": "Eve;X=1,Y\\;\\,\\n\\",
    "turned round": "Eve\u202egnp.exe\u2066",
    "markup": "<script>alert(1)</script><a href='http://evil.example'>x</a>",
    "an attribute": '" onclick="alert(1)" x="',
    "an entity": "&lt;b&gt; &#8238; ]]><!--",
    "a template": "{{ 7 * 7 }}{% include 'x' %}",
    "a link": "https://evil.example/ https://clinic.example/login/",
    "a fact": "  Reference: 0000",
    "long": "Übernüchtern 🩺 " * 30,
    "one word": "x" * 500,
}
HEADERS = {
    *("From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted"),
    *("MIME-Version", "Content-Type"),
}


@transactional
def a_place(name: str) -> Location:
    place = a_location(name[:80])
    place.address = place.city = name[:80]
    place.directions = place.accessibility = name
    return place


def a_visit(word: str) -> Any:
    """A visit in a clinic where everything is called by one word."""
    policy(name=word[:80])
    kind = a_visit_type(word[:80], preparation=word)
    doctor = a_doctor(word[:100], visit_types=[kind], location=a_place(word))
    return booked(a_patient(word[:120]), doctor, in_three_days())


def life_of(visit: Any, word: str, letters, clinic) -> list[EmailMessage]:
    """All letters about a visit that is confirmed, moved, and cancelled for a reason."""
    letters.run()
    patient, doctor = Actor.of(visit.patient.user), Actor.of(visit.doctor.user)
    new = tick_of(visit.starts_at + timedelta(hours=1))
    changes.move(visit, patient, new, version=visit.version)
    letters.run()
    visits.decline(visit, doctor, word, version=visit.version)
    clinic.advance(seconds=31)
    letters.run()
    return list(letters.sent)


def calendars_in(email: EmailMessage) -> list[bytes]:
    kinds = {"text/calendar", "application/ics"}
    parts = [part for part in email.walk() if part.get_content_type() in kinds]
    return [
        content for part in parts if isinstance(content := part.get_payload(decode=True), bytes)
    ]


def tags_of(email: EmailMessage) -> list[tuple[str, list[str]]]:
    tree = html5lib.parse(html_of(email), namespaceHTMLElements=False)
    return [(str(tag.tag), sorted(map(str, tag.attrib))) for tag in tree.iter()]


def build_of(email: EmailMessage) -> dict[str, Any]:
    """All of an e-mail but its words."""
    lines = text_of(email).splitlines()
    return {
        "headers": set(email.keys()),
        "parts": [part.get_content_type() for part in email.walk()],
        "lines": len(lines),
        "facts": [line.partition(": ")[0] for line in lines if line.startswith("  ")],
        "links": sum(line.startswith(BASE_URL) for line in lines),
        "tags": tags_of(email),
        "calendars": [names_in(file) for file in calendars_in(email)],
    }


def names_in(file: bytes) -> list[tuple[str, list[str]]]:
    """The properties of a calendar file, each with the names of its parameters."""
    calendar = vobject.readOne(file.decode())
    found = [*calendar.getChildren(), *calendar.vevent.getChildren()]
    return sorted((one.name, sorted(getattr(one, "params", {}))) for one in found)


@pytest.mark.parametrize("word", EVIL.values(), ids=EVIL.keys())
def test_what_people_type_changes_the_build_of_no_letter(clinic, letters, word: str) -> None:
    builds = [
        [build_of(email) for email in life_of(a_visit(name), name, letters, clinic)]
        for name in ("Eve", word)
    ]
    harmless, all_of_them = builds
    for build, other in zip(harmless, all_of_them[len(harmless) :], strict=True):
        assert build == other
    assert all(build["headers"] == HEADERS for build in harmless)
    assert {"a", "table", "h1"} <= {tag for tag, _ in harmless[0]["tags"]}


@pytest.mark.parametrize("word", EVIL.values(), ids=EVIL.keys())
def test_what_people_type_is_read_as_they_meant_it(clinic, letters, word: str) -> None:
    visit = a_visit(word)
    emails = life_of(visit, word, letters, clinic)
    to_patient = [email for email in emails if email["To"] == visit.patient.user.email]
    assert f"Hello {one_line(word[:120])}," in text_of(to_patient[0]).splitlines()
    assert f"  Reason: {one_line(word)}" in text_of(to_patient[-1]).splitlines()
    for email in emails:
        shown = html5lib.parse(html_of(email), namespaceHTMLElements=False)
        assert one_line(word[:80]) in one_line("".join(shown.itertext()))
        head = email.as_bytes().partition(b"\r\n\r\n")[0]
        assert b"\r\nBcc" not in head
        assert max(map(len, head.split(b"\r\n"))) <= 998
        assert "evil.example" not in str(email["From"])


@pytest.mark.parametrize("method", ["PUBLISH", "REQUEST", "CANCEL"])
@pytest.mark.parametrize("word", EVIL.values(), ids=EVIL.keys())
def test_another_library_reads_from_a_calendar_file_what_was_typed(clinic, word, method) -> None:
    visit = a_visit(word)
    file = calendar_file(visit, word, BASE_URL, method, "no-reply@clinic.example")
    event = vobject.readOne(file.decode()).vevent
    assert event.summary.value == one_line(f"{word[:80]} with Dr. {word[:100]}")
    assert one_line(word) in event.description.value
    assert event.location.value.count(one_line(word[:80])) >= 3
    assert {child.name for child in event.getChildren()} <= {
        *("UID", "SEQUENCE", "DTSTAMP", "DTSTART", "DTEND", "SUMMARY", "DESCRIPTION", "LOCATION"),
        *("URL", "STATUS", "ORGANIZER", "ATTENDEE"),
    }
    if method != "PUBLISH":
        assert set(event.attendee.params) == {"CN", "ROLE", "PARTSTAT", "RSVP"}
        assert set(event.organizer.params) == {"CN"}


@pytest.mark.parametrize("word", EVIL.values(), ids=EVIL.keys())
def test_lines_of_a_calendar_file_are_folded_between_letters(clinic, word: str) -> None:
    file = calendar_file(a_visit(word), word, BASE_URL, "REQUEST", "no-reply@clinic.example")
    assert file.endswith(b"\r\n")
    for line in file.rstrip(b"\r\n").split(b"\r\n"):
        assert 0 < len(line) <= 75
        assert line.decode().isprintable()


def test_a_calendar_file_keeps_its_uid_and_says_utc(clinic) -> None:
    visit = booked(a_patient(), a_doctor(), in_three_days())
    file = calendar_file(visit, "Clinic", BASE_URL)
    assert f"UID:{visit.ref}@clinic.example\r\n".encode() in file
    assert b"DTSTART:20261127T093000Z\r\n" in file
    assert b"SEQUENCE:0\r\n" in file
    assert b"METHOD:PUBLISH\r\n" in file
    assert b"ATTENDEE" not in file
    assert b"A reason" not in file
