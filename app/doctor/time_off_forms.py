"""The two forms of exceptions to the week: time off, and extra hours."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from zoneinfo import ZoneInfo

from flask_wtf import FlaskForm
from wtforms import SelectChoice, SelectField, StringField
from wtforms.validators import Length

from app.fields import DayField, TimeField
from app.models import Location
from app.scheduling.days import WHOLE_DAY
from app.scheduling.wishes import EXTRA_HOURS, LONGEST_NOTE, TIME_OFF, Faulty, Wish


class ExceptionForm(FlaskForm):
    """What both have."""

    weekly_until = DayField("Every week until")
    note = StringField(
        "Note",
        filters=[lambda typed: (typed or "").strip()],
        validators=[Length(max=LONGEST_NOTE, message=f"Use at most {LONGEST_NOTE} characters.")],
    )

    def refuse(self, faulty: Faulty) -> None:
        """Put what the domain has said beside its field."""
        self[faulty.field].errors = [faulty.sentence]


class TimeOffForm(ExceptionForm):
    first_day = DayField("First day", needed=True)
    starts = TimeField("From")
    last_day = DayField("Last day")
    ends = TimeField("To")

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
    location = SelectField("Location")
    last_day = DayField("Day", needed=True)
    starts = TimeField("From", needed=True)
    ends = TimeField("To", needed=True)

    places: Sequence[Location] = ()

    def choose_among(self, places: Sequence[Location]) -> None:
        self.places = places
        self.location.choices = [SelectChoice(str(place.id), place.name) for place in places]

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
