"""The two small forms of the set-up that no ordinary page has: a simple week, and an offer."""

from __future__ import annotations

from typing import Any

from flask_wtf import FlaskForm
from wtforms import HiddenField, SelectChoice, SelectField, SelectMultipleField, TimeField
from wtforms.validators import StopValidation
from wtforms.widgets import CheckboxInput, ListWidget

from app.directory import profile
from app.directory.languages import LANGUAGES
from app.scheduling import timetable
from app.scheduling.intervals import WEEKDAYS, Interval


class TicksField(SelectMultipleField):
    """Several choices, each a box to tick."""

    widget = ListWidget(prefix_label=False)
    option_widget = CheckboxInput()


class HoursForm(FlaskForm):
    """The same hours on some days of each week."""

    location = SelectField("Location")
    days = TicksField(
        "Days",
        choices=[SelectChoice(str(n), day) for n, day in enumerate(WEEKDAYS, 1)],
        default=["1", "2", "3", "4", "5"],
    )
    starts = TimeField("From")
    ends = TimeField("Until")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.location.choices = [
            SelectChoice(place.slug, f"{place.name}, {place.city}") for place in timetable.places()
        ]

    def validate_days(self, field: Any) -> None:
        if not field.data:
            raise StopValidation("Tick at least one day.")

    def validate_starts(self, field: Any) -> None:
        _check_time(field)

    def validate_ends(self, field: Any) -> None:
        _check_time(field)
        if self.starts.data and field.data <= self.starts.data:
            raise StopValidation("The end must be after the beginning.")

    @property
    def intervals(self) -> list[Interval]:
        place = next(one for one in timetable.places() if one.slug == self.location.data)
        starts, ends = _minute(self.starts), _minute(self.ends)
        return [Interval(int(day), place.id, starts, ends) for day in sorted(set(self.days.data))]


class OfferForm(FlaskForm):
    """What a doctor offers."""

    specialties = TicksField("Specialties")
    visit_types = TicksField("Visit types")
    languages = TicksField(
        "Languages they see patients in",
        choices=[
            SelectChoice(code, name)
            for code, name in sorted(LANGUAGES.items(), key=lambda pair: pair[1])
        ],
    )
    version = HiddenField()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.specialties.choices = [
            SelectChoice(one.slug, one.name) for one in profile.specialties()
        ]
        self.visit_types.choices = [
            SelectChoice(kind.ref, f"{kind.name}, {kind.minutes} min") for kind in profile.offered()
        ]

    def validate_specialties(self, field: Any) -> None:
        if not field.data:
            raise StopValidation("Tick at least one specialty.")

    def validate_visit_types(self, field: Any) -> None:
        if not field.data:
            raise StopValidation("Tick at least one visit type.")


def _check_time(field: Any) -> None:
    if field.data is None:
        raise StopValidation("Enter a time, such as 09:00.")
    if field.data.minute % 5 or field.data.second:
        raise StopValidation("Enter a time in steps of five minutes, such as 09:05.")


def _minute(field: Any) -> int:
    return int(field.data.hour) * 60 + int(field.data.minute)
