"""The form for a closure: where, from when until when on the wall there, and why."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from flask_wtf import FlaskForm
from wtforms import HiddenField, SelectChoice, SelectField, StringField
from wtforms.validators import StopValidation
from wtforms.widgets import DateInput, TimeInput

from app.admin.entry_forms import LineField
from app.inputs import a_day, a_time
from app.models import Closure, Location
from app.scheduling import closures
from app.scheduling.closures import Times
from app.scheduling.wishes import WHOLE_DAY, Faulty

EVERYWHERE = "*"


def _stripped(typed: str | None) -> str:
    return (typed or "").strip()


class DayField(StringField):
    """A date, which stays as it was typed whatever it is."""

    widget = DateInput()
    data: Any

    @property
    def day(self) -> date | None:
        return a_day(self.data)


class TimeOfDayField(StringField):
    """A time on the wall, or nothing, which stays as it was typed whatever it is."""

    widget = TimeInput()
    data: Any

    @property
    def minute(self) -> int | None:
        return a_time(self.data)

    def pre_validate(self, form: Any) -> None:
        if self.data and self.minute is None:
            raise StopValidation("Enter a time like 09:00, or leave this empty.")


class ClosureForm(FlaskForm):
    location = SelectField("Location")
    first_day = DayField("First day", filters=[_stripped], description="On the calendar there.")
    starts = TimeOfDayField("From", filters=[_stripped], description="Empty: from midnight.")
    last_day = DayField("Last day", filters=[_stripped], description="Empty: the same day.")
    ends = TimeOfDayField("To", filters=[_stripped], description="Empty: until midnight.")
    reason = LineField(
        "Reason",
        longest=closures.LONGEST_REASON,
        missing="Enter a reason, which patients read where they look for a time.",
        description="Patients read it, like Public holiday.",
    )
    version = HiddenField()

    def __init__(self, places: Sequence[Location], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = [SelectChoice(place.slug, f"{place.name}, {place.city}") for place in places]
        everywhere = [SelectChoice(EVERYWHERE, "All locations")] if len(places) > 1 else []
        self.location.choices = [*everywhere, *choices]

    def validate_first_day(self, field: Any) -> None:
        if field.day is None:
            raise StopValidation("Enter the first day.")

    def validate_last_day(self, field: Any) -> None:
        if field.data and field.day is None:
            raise StopValidation("Enter the last day, or leave this empty.")

    @property
    def times(self) -> Times:
        first = self.first_day.day
        if first is None:
            raise ValueError("Only a form that is in order has times.")
        starts, ends = self.starts.minute, self.ends.minute
        last = self.last_day.day or first
        return Times(first, last, starts or 0, WHOLE_DAY if ends is None else ends)

    def refuse(self, faulty: Faulty) -> None:
        """Put what cannot be beside its field."""
        self[faulty.field if faulty.field in self else "first_day"].errors = [faulty.sentence]


def form_of(stored: Closure) -> ClosureForm:
    """The form as it stands for what is stored."""
    times = closures.times_of(stored)
    return ClosureForm(
        [stored.location],
        formdata=None,
        location=stored.location.slug,
        first_day=times.first_day.isoformat(),
        last_day=times.last_day.isoformat(),
        starts=_wall(times.starts_minute) if times.starts_minute else "",
        ends=_wall(times.ends_minute) if times.ends_minute != WHOLE_DAY else "",
        reason=stored.reason,
        version=closures.version_of(stored),
    )


def _wall(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"
