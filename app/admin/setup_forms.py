"""The small forms of the set-up: each asks for what cannot be left out, and no more."""

from __future__ import annotations

import re
from typing import Any

from flask_wtf import FlaskForm
from wtforms import (
    BooleanField,
    HiddenField,
    RadioField,
    SelectChoice,
    SelectField,
    SelectMultipleField,
    StringField,
    TimeField,
)
from wtforms.validators import StopValidation
from wtforms.widgets import CheckboxInput, ListWidget

from app.admin.entry_forms import LineField
from app.directory import entries, founding
from app.directory import profile as public_page
from app.directory.founding import Kind, Week
from app.directory.languages import LANGUAGES
from app.formats import WITHOUT_CENTS
from app.inputs import a_number
from app.models import VisitMode

CURRENCIES = ("EUR", "GBP", "USD", "CHF", "DKK", "NOK", "SEK", "PLN", "CZK", "CAD", "AUD", "JPY")
PRICE = re.compile(r"([0-9]{1,6})(?:[.,]([0-9]{1,2}))?", re.ASCII)
DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


class TicksField(SelectMultipleField):
    """Several choices, each a box to tick."""

    widget = ListWidget(prefix_label=False)
    option_widget = CheckboxInput()


class VisitTypeForm(FlaskForm):
    name = LineField(
        "Name",
        longest=entries.LONGEST_NAME,
        missing="Enter the name of the visit.",
        description="Such as First consultation.",
    )
    minutes = StringField("Length in minutes", default="30", description="In steps of five.")
    price = StringField("Price", default="0", description="0 when patients pay nothing.")
    currency = SelectField("Currency", choices=[SelectChoice(one) for one in CURRENCIES])
    mode = RadioField(
        "How",
        choices=[
            SelectChoice(VisitMode.IN_PERSON.value, "In person"),
            SelectChoice(VisitMode.ONLINE.value, "Online"),
        ],
        default=VisitMode.IN_PERSON.value,
    )
    needs_approval = BooleanField("The doctor approves each request first")

    def validate_minutes(self, field: Any) -> None:
        minutes = a_number(field.data, 5, 480)
        if minutes is None or minutes % 5:
            raise StopValidation("Enter a number from 5 to 480 that five divides.")

    def validate_price(self, field: Any) -> None:
        if self._cents() is None:
            raise StopValidation("Enter an amount such as 45 or 45.50.")

    def _cents(self) -> int | None:
        found = PRICE.fullmatch((self.price.data or "").strip())
        if found is None:
            return None
        whole, rest = int(found[1]), found[2]
        if self.currency.data in WITHOUT_CENTS:
            return whole if rest is None else None
        return whole * 100 + int((rest or "").ljust(2, "0"))

    @property
    def kind(self) -> Kind:
        return Kind(
            self.name.data,
            int(self.minutes.data),
            self._cents() or 0,
            self.currency.data,
            VisitMode(self.mode.data),
            bool(self.needs_approval.data),
        )


class HoursForm(FlaskForm):
    location = SelectField("Location")
    days = TicksField(
        "Days",
        choices=[SelectChoice(str(number), day) for number, day in enumerate(DAYS, 1)],
        default=["1", "2", "3", "4", "5"],
    )
    starts = TimeField("From")
    ends = TimeField("Until")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.location.choices = [
            SelectChoice(place.slug, f"{place.name}, {place.city}")
            for place in founding.locations()
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
    def week(self) -> Week:
        place = next(one for one in founding.locations() if one.slug == self.location.data)
        days = [int(day) for day in self.days.data]
        return Week(place.id, days, _minute(self.starts), _minute(self.ends))


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
            SelectChoice(one.slug, one.name) for one in public_page.specialties()
        ]
        self.visit_types.choices = [
            SelectChoice(kind.ref, f"{kind.name}, {kind.minutes} min")
            for kind in public_page.offered()
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
