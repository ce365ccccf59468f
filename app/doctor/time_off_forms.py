"""The two forms of exceptions to the week: time off, and extra hours."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from flask_wtf import FlaskForm
from wtforms import SelectChoice, SelectField, StringField, ValidationError
from wtforms.validators import Length
from wtforms.widgets import DateInput, TimeInput

from app.inputs import a_day, a_time
from app.models import Location
from app.scheduling.wishes import (
    EXTRA_HOURS,
    LONGEST_NOTE,
    TIME_OFF,
    WHOLE_DAY,
    Faulty,
    Wish,
)

NOT_A_DAY, NOT_A_TIME = "Enter a date.", "Enter a time like 09:00."


def _stripped(typed: str | None) -> str:
    return (typed or "").strip()


class DayField(StringField):
    """A date, which stays as it was typed whatever it is."""

    widget = DateInput()

    def __init__(self, label: str, **kwargs: Any) -> None:
        super().__init__(label, filters=[_stripped], **kwargs)

    @property
    def day(self) -> date | None:
        return a_day(self.data)


class TimeField(StringField):
    """A time of day, which stays as it was typed whatever it is."""

    widget = TimeInput()

    def __init__(self, label: str, **kwargs: Any) -> None:
        super().__init__(label, filters=[_stripped], **kwargs)

    @property
    def minute(self) -> int | None:
        return a_time(self.data)


class ExceptionForm(FlaskForm):
    """What both have."""

    starts = TimeField("From")
    ends = TimeField("To")
    weekly_until = DayField("Every week until")
    note = StringField(
        "Note",
        filters=[_stripped],
        validators=[Length(max=LONGEST_NOTE, message=f"Use at most {LONGEST_NOTE} characters.")],
    )

    def validate_starts(self, field: TimeField) -> None:
        if field.data and field.minute is None:
            raise ValidationError(NOT_A_TIME)

    validate_ends = validate_starts

    def validate_weekly_until(self, field: DayField) -> None:
        if field.data and field.day is None:
            raise ValidationError("Enter a date, or leave this empty.")

    def refuse(self, faulty: Faulty) -> None:
        """Put what the domain has said beside its field."""
        name = faulty.field if faulty.field in self else "starts"
        self[name].errors = [faulty.sentence]


class TimeOffForm(ExceptionForm):
    first_day = DayField("First day")
    last_day = DayField("Last day")

    def validate_first_day(self, field: DayField) -> None:
        if field.day is None:
            raise ValidationError(NOT_A_DAY)

    def validate_last_day(self, field: DayField) -> None:
        if field.data and field.day is None:
            raise ValidationError(NOT_A_DAY)

    def wish(self, zone: ZoneInfo) -> Wish:
        """What the form says. For a form that is valid."""
        first = self.first_day.day or date.max
        return Wish(
            TIME_OFF,
            zone,
            first,
            self.last_day.day or first,
            self.starts.minute or 0,
            self.ends.minute or WHOLE_DAY,
            note=self.note.data or "",
            weekly_until=self.weekly_until.day,
        )


class ExtraHoursForm(ExceptionForm):
    last_day = DayField("Day")
    location = SelectField("Location")

    places: Sequence[Location] = ()

    def choose_among(self, places: Sequence[Location]) -> None:
        self.places = places
        self.location.choices = [SelectChoice(str(place.id), place.name) for place in places]

    def validate_last_day(self, field: DayField) -> None:
        if field.day is None:
            raise ValidationError(NOT_A_DAY)

    def validate_starts(self, field: TimeField) -> None:
        if field.minute is None:
            raise ValidationError(NOT_A_TIME)

    validate_ends = validate_starts

    def wish(self) -> Wish:
        """What the form says. For a form that is valid."""
        place = next(one for one in self.places if str(one.id) == self.location.data)
        on = self.last_day.day or date.max
        return Wish(
            EXTRA_HOURS,
            place.zoneinfo,
            on,
            on,
            self.starts.minute or 0,
            self.ends.minute or WHOLE_DAY,
            place,
            self.note.data or "",
            self.weekly_until.day,
        )
