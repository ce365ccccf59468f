"""The forms of the clinic's settings: what each is called, what it does, and what it may be."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from flask_wtf import FlaskForm
from wtforms import ColorField, HiddenField, SelectChoice, SelectField, StringField

from app.accounts import profile
from app.clinic import colours, policy, settings
from app.clinic.settings import CURRENCIES, ClinicSettings
from app.fields import AddressField, LeadsField, LineField, PhoneField, TextField
from app.inputs import a_number

LARGEST = 999_999


class ColourField(ColorField):
    """A colour, as browsers let one choose it; the `#` and capitals are as one likes."""

    data: Any

    def process_formdata(self, valuelist: list[str]) -> None:
        super().process_formdata(valuelist)
        typed = (self.data or "").strip().lower()
        self.data = f"#{typed}" if colours.is_colour(f"#{typed}") else typed


class WholeField(StringField):
    """A whole number; what is none stays as it was typed."""

    data: Any

    def process_data(self, value: Any) -> None:
        self.data = "" if value is None else str(value)

    @property
    def number(self) -> int:
        """The number, or one that no setting may have."""
        found = a_number(str(self.data or "").strip(), 0, LARGEST)
        return -1 if found is None else found


class ClinicForm(FlaskForm):
    """What the public knows the clinic by."""

    name = LineField(
        "Name of the clinic",
        longest=policy.LONGEST_NAME,
        missing="Enter the clinic’s name.",
        description="Stands at the foot of every page, in e-mails and in calendar entries.",
    )
    phone = PhoneField(
        "Telephone", description="Patients are told to call it when something cannot be done here."
    )
    email = AddressField(
        "E-mail address", description="Stands at the foot of every page, for questions."
    )
    zone = SelectField(
        "Time zone",
        validate_choice=False,
        description="Times that belong to no location are shown in it, such as those of the audit "
        "trail, and new locations begin with it. Changing it moves no appointment: each location "
        "keeps the zone of its own.",
    )
    version = HiddenField()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.zone.choices = zone_choices(settings.current().zone)

    def wanted(self, stored: ClinicSettings) -> ClinicSettings:
        """The stored settings with what was filled in."""
        texts = [name for name in policy.TEXTS if name in self]
        wanted: dict[str, Any] = {name: self[name].data or "" for name in texts}
        return replace(stored, **wanted)

    def validate(self, extra_validators: Any = None) -> bool:
        is_valid = super().validate(extra_validators)
        for name, complaint in policy.complaints_about(self.wanted(settings.current())).items():
            if name in self and not self[name].errors:
                self[name].errors = [complaint]
                is_valid = False
        return bool(is_valid)


class SettingsForm(ClinicForm):
    colour = ColourField(
        "Colour",
        description="Of the clinic’s e-mails: their head, their buttons and their links. White "
        "words must be readable on it.",
    )
    currency = SelectField(
        "Currency",
        choices=[SelectChoice(one) for one in CURRENCIES],
        validate_choice=False,
        description="What new visit types are priced in. Visit types, bookings and payments that "
        "exist keep theirs.",
    )
    receipt_address = TextField(
        "Address on receipts",
        description="As it should stand under the clinic’s name, in several lines. A receipt keeps "
        "what was set when it was issued.",
    )
    tax_line = LineField(
        "Tax line on receipts",
        longest=policy.LONGEST_TAX_LINE,
        description="What your law wants said, such as a tax number or why no tax is charged.",
    )
    horizon_days = WholeField(
        "How far ahead",
        description="How many days ahead patients can book. What is booked already stays.",
    )
    minimum_notice_minutes = WholeField(
        "Minimum notice",
        description="How long before it begins a time can last be booked by patients.",
    )
    cancel_cutoff_hours = WholeField(
        "Cut-off",
        description="How long before a visit patients can last cancel or move it themselves; "
        "later, they call. 0 means until it begins. It counts for visits that are booked, too.",
    )
    free_until_hours = WholeField(
        "Free to cancel until",
        description="How long before a visit that was paid online a patient gets everything back. "
        "It counts for what is booked from now on.",
    )
    late_fee_percent = WholeField(
        "Kept when later",
        description="How much of the price the clinic keeps when a patient cancels after that. "
        "When the clinic cancels, everything goes back.",
    )
    no_show_fee_percent = WholeField(
        "Kept when nobody comes",
        description="How much of the price the clinic keeps of a no-show. The rest goes back once "
        "the day of the visit is over. It counts for what is booked from now on.",
    )
    hold_minutes = WholeField(
        "Hold",
        description="How long a chosen time is kept while a booking is finished. Then it is free "
        "for others again.",
    )
    open_bookings_per_patient = WholeField(
        "Open appointments of one patient",
        description="The most that one patient may have ahead, with all doctors together.",
    )
    open_bookings_per_doctor = WholeField(
        "With one doctor",
        description="The most that one patient may have ahead with the same doctor.",
    )
    open_bookings_unconfirmed = WholeField(
        "Without a confirmed address",
        description="The most for patients who have not confirmed their e-mail address yet.",
    )
    holds_per_address = WholeField(
        "Holds from one connection",
        description="How many times one internet connection may hold at once, so that nobody "
        "can empty a calendar. A waiting room shares one connection.",
    )
    reminder_hours = LeadsField(
        "Times before a visit",
        description="When its patient is reminded by e-mail. A visit type may have times of its "
        "own, and each patient may choose; a time that had passed when the visit was booked does "
        "not count.",
    )
    quiet_from = WholeField(
        "Quiet from",
        description="In quiet hours nobody is reminded, by the wall of where they live. A reminder "
        "comes at their end, or before they begin. The same hour twice means none.",
    )
    quiet_until = WholeField("Quiet until", description="The hour at which reminders go out again.")
    undo_seconds = WholeField(
        "Undo",
        description="How long an answer to a request can be taken back. Its e-mail waits that "
        "long.",
    )
    idle_minutes_staff = WholeField(
        "Log staff out after",
        description="Doctors and admins who do nothing for so long are logged out.",
    )
    idle_minutes_patient = WholeField(
        "Log patients out after",
        description="Patients who do nothing for so long are logged out.",
    )
    session_hours = WholeField(
        "Longest session",
        description="However busy somebody is, they log in again after so long. It counts from "
        "the next time somebody logs in.",
    )

    def wanted(self, stored: ClinicSettings) -> ClinicSettings:
        numbers = {name: self[name].number for name in policy.BOUNDS}
        reminder_hours = self.reminder_hours.hours
        return replace(super().wanted(stored), **numbers, reminder_hours=reminder_hours)


GROUPS = (
    ("The clinic", ("name", "phone", "email", "zone", "colour")),
    (
        "Booking and cancelling",
        ("horizon_days", "minimum_notice_minutes", "cancel_cutoff_hours", "hold_minutes"),
    ),
    ("Prices and receipts", ("currency", "receipt_address", "tax_line")),
    (
        "Paid visits that do not take place",
        ("free_until_hours", "late_fee_percent", "no_show_fee_percent"),
    ),
    (
        "Limits",
        (
            "open_bookings_per_patient",
            "open_bookings_per_doctor",
            "open_bookings_unconfirmed",
            "holds_per_address",
        ),
    ),
    ("Reminders", ("reminder_hours", "quiet_from", "quiet_until")),
    (
        "Working and logging in",
        ("undo_seconds", "idle_minutes_staff", "idle_minutes_patient", "session_hours"),
    ),
)


def zone_choices(stored: str) -> list[SelectChoice]:
    """The zones of the world by region, and the stored one in any case."""
    others = () if stored in profile.zones() else (SelectChoice(stored, stored),)
    return [*others, *map(_zone_choice, profile.zones())]


def _zone_choice(key: str) -> SelectChoice:
    region, _, place = key.partition("/")
    return SelectChoice(key, place.replace("_", " "), optgroup=region)
