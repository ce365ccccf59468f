"""A calendar file (RFC 5545) of many visits, written as plain text.

Calendars read a feed many times a day and a doctor's holds thousands of visits, so nothing here
is slower than joining strings. What a calendar does with the words is checked in the tests by a
library that reads them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from app.messaging.plain import one_line

LONGEST_LINE = 75  # octets, the blank of a line that goes on included
ESCAPES = str.maketrans({"\\": "\\\\", ";": "\\;", ",": "\\,", "\n": "\\n"})


@dataclass(frozen=True, slots=True)
class Entry:
    """One visit as a calendar shows it. The instants are aware; the texts are as people typed
    them, and `notes` has one line for each."""

    uid: str
    sequence: int
    status: str
    settled_at: datetime
    starts_at: datetime
    ends_at: datetime
    title: str
    place: str
    notes: tuple[str, ...]
    address: str


def written(name: str, entries: Iterable[Entry], refresh: timedelta) -> bytes:
    """The calendar `name` with its entries, to be read again after `refresh`."""
    lines = [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//Docket//Docket//EN",
        "CALSCALE:GREGORIAN",
        "METHOD:PUBLISH",
        f"NAME:{_text(name)}",
        f"X-WR-CALNAME:{_text(name)}",
        f"REFRESH-INTERVAL;VALUE=DURATION:{_duration(refresh)}",
        f"X-PUBLISHED-TTL:{_duration(refresh)}",
    ]
    for entry in entries:
        lines += _event(entry)
    lines.append("END:VCALENDAR")
    return b"".join(_folded(line) for line in lines)


def _event(entry: Entry) -> Iterator[str]:
    yield "BEGIN:VEVENT"
    yield f"UID:{entry.uid}"
    yield f"SEQUENCE:{entry.sequence}"
    yield f"DTSTAMP:{_instant(entry.settled_at)}"
    yield f"DTSTART:{_instant(entry.starts_at)}"
    yield f"DTEND:{_instant(entry.ends_at)}"
    yield f"SUMMARY:{_text(entry.title)}"
    yield f"LOCATION:{_text(entry.place)}"
    yield f"DESCRIPTION:{_lines(entry.notes)}"
    yield f"URL:{entry.address}"
    yield f"STATUS:{entry.status}"
    yield "CLASS:PRIVATE"
    yield "END:VEVENT"


def _instant(instant: datetime) -> str:
    """In UTC, which every calendar shows by the wall of its owner, on both nights of the year on
    which clocks change too."""
    return f"{instant.astimezone(UTC):%Y%m%dT%H%M%SZ}"


def _duration(time: timedelta) -> str:
    return f"PT{int(time.total_seconds()) // 60}M"


def _text(typed: str) -> str:
    return one_line(typed).translate(ESCAPES)


def _lines(notes: tuple[str, ...]) -> str:
    texts = (_text(note) for note in notes)
    return "\\n".join(text for text in texts if text)


def _folded(line: str) -> bytes:
    """The line in pieces of at most 75 octets; no letter is cut in two."""
    octets = line.encode()
    if len(octets) <= LONGEST_LINE:
        return octets + b"\r\n"
    pieces, start, room = [], 0, LONGEST_LINE
    while start < len(octets):
        end = min(start + room, len(octets))
        while end < len(octets) and octets[end] & 0xC0 == 0x80:  # in the middle of a letter
            end -= 1
        pieces.append(octets[start:end])
        start, room = end, LONGEST_LINE - 1
    return b"\r\n ".join(pieces) + b"\r\n"
