"""The form for a closure: where, from when until when on the wall there, and why."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask_wtf import FlaskForm
from wtforms import HiddenField, SelectChoice, SelectField

from app.fields import DayField, LineField, TimeField, typed
from app.models import Closure, Location
from app.scheduling import closures
from app.scheduling.closures import Times
from app.scheduling.days import WHOLE_DAY
from app.scheduling.wishes import Faulty

EVERYWHERE = "*"


class ClosureForm(FlaskForm):
    location = SelectField("Location")
    first_day = DayField("First day", needed=True, description="On the calendar there.")
    starts = TimeField("From", description="Empty: from midnight.")
    last_day = DayField("Last day", description="Empty: the same day.")
    ends = TimeField("To", description="Empty: until midnight.")
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
        self[faulty.field].errors = [faulty.sentence]


def form_of(stored: Closure) -> ClosureForm:
    """The form as it stands for what is stored."""
    times = closures.times_of(stored)
    return ClosureForm(
        [stored.location],
        formdata=None,
        location=stored.location.slug,
        first_day=times.first_day.isoformat(),
        last_day=times.last_day.isoformat(),
        starts=typed(times.starts_minute) if times.starts_minute else "",
        ends=typed(times.ends_minute) if times.ends_minute != WHOLE_DAY else "",
        reason=stored.reason,
        version=closures.version_of(stored),
    )
