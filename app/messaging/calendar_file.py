"""An appointment as a calendar file (RFC 5545) that calendars update instead of doubling."""

from __future__ import annotations

from typing import Literal
from urllib.parse import urlsplit

from icalendar import Calendar, Event, vCalAddress

from app import clock
from app.messaging.plain import one_line
from app.models import Appointment
from app.models import AppointmentStatus as Status

Method = Literal["PUBLISH", "REQUEST", "CANCEL"]


def calendar_file(
    appointment: Appointment,
    clinic_name: str,
    base_url: str,
    method: Method = "PUBLISH",
    organizer: str = "",
) -> bytes:
    """The appointment as an .ics file.

    PUBLISH is for a download; REQUEST and CANCEL go by mail, from the address `organizer` to the
    patient. The reason for the visit stays out: calendars are often shared.
    """
    calendar = Calendar()
    calendar.add("prodid", "-//Docket//Docket//EN")
    calendar.add("version", "2.0")
    calendar.add("calscale", "GREGORIAN")
    calendar.add("method", method)
    calendar.add_component(_event(appointment, clinic_name, base_url, method, organizer))
    return bytes(calendar.to_ical())


def uid_of(ref: str, base_url: str) -> str:
    """By what every calendar knows the appointment of a reference, wherever it comes from."""
    return f"{ref}@{urlsplit(base_url).hostname}"


def status_word(status: Status) -> str:
    """What calendars call a status."""
    if status is Status.CANCELLED:
        return "CANCELLED"
    return "TENTATIVE" if status is Status.REQUESTED else "CONFIRMED"


def _event(
    appointment: Appointment, clinic_name: str, base_url: str, method: Method, organizer: str
) -> Event:
    address = f"{base_url}/appointment-details/{appointment.ref}/"
    event = Event()
    event.add("uid", uid_of(appointment.ref, base_url))
    event.add("sequence", appointment.calendar_sequence)
    event.add("dtstamp", clock.now())
    event.add("dtstart", appointment.starts_at)
    event.add("dtend", appointment.ends_at)
    event.add("summary", one_line(f"{appointment.visit_type.name} with {appointment.doctor.name}"))
    event.add("description", _description(appointment, clinic_name, address))
    event.add("location", _place(appointment))
    event.add("url", address)
    event.add("status", status_word(appointment.status))
    if method != "PUBLISH" and appointment.patient is not None:
        event.add("organizer", _person(organizer, clinic_name))
        patient = _person(appointment.patient.user.email, appointment.patient.name)
        patient.params["ROLE"] = "REQ-PARTICIPANT"
        patient.params["PARTSTAT"] = "ACCEPTED"  # a visit is agreed when it is told
        patient.params["RSVP"] = "FALSE"
        event.add("attendee", patient)
    return event


def _description(appointment: Appointment, clinic_name: str, address: str) -> str:
    parts = [
        clinic_name,
        "" if appointment.is_online else appointment.location.directions,
        appointment.visit_type.preparation,
        f"Reference {appointment.ref}",
        address,
    ]
    return "\n".join(one_line(part) for part in parts if part)


def _place(appointment: Appointment) -> str:
    if appointment.is_online:
        return "Online"
    place = appointment.location
    return one_line(f"{place.name}, {place.address}, {place.city}")


def _person(email: str, name: str) -> vCalAddress:
    person = vCalAddress(f"mailto:{one_line(email)}")
    person.params["CN"] = one_line(name).replace('"', "'")
    return person
