"""Fields that several forms have; each says what is wrong beside itself. Dates and times are read
strictly, and stay as they were typed whatever they are."""

from __future__ import annotations

from datetime import date
from typing import Any

from wtforms import (
    EmailField,
    SelectChoice,
    SelectMultipleField,
    StringField,
    TelField,
    TextAreaField,
)
from wtforms.validators import StopValidation
from wtforms.widgets import CheckboxInput, DateInput, ListWidget, TimeInput

from app.accounts import addresses, names
from app.accounts.addresses import NotAnAddress
from app.clinic.settings import REMINDER_LEADS
from app.directory.languages import LANGUAGES
from app.inputs import a_day, a_time
from app.messaging.choices import lead_in_words

NOT_A_DAY, NOT_A_TIME = "Enter a date.", "Enter a time like 09:00."
NOT_A_DAY_NOR_EMPTY = "Enter a date, or leave this empty."
NOT_A_TIME_NOR_EMPTY = "Enter a time like 09:00, or leave this empty."
LONGEST_TEXT = 2_000
LINE_ENDS = str.maketrans("", "", "\n\t")
LANGUAGES_BY_NAME = [
    SelectChoice(code, name) for code, name in sorted(LANGUAGES.items(), key=lambda pair: pair[1])
]


class DayField(StringField):
    """A date; nothing only where it is not `needed`."""

    widget = DateInput()
    data: Any

    def __init__(self, label: str, *, needed: bool = False, **kwargs: Any) -> None:
        super().__init__(label, filters=[_stripped], **kwargs)
        self.needed = needed

    @property
    def day(self) -> date | None:
        return a_day(self.data)

    def pre_validate(self, form: Any) -> None:
        if self.day is None and (self.needed or self.data):
            raise StopValidation(NOT_A_DAY if self.needed else NOT_A_DAY_NOR_EMPTY)


class TimeField(StringField):
    """A time on the wall; nothing only where it is not `needed`."""

    widget = TimeInput()
    data: Any

    def __init__(self, label: str, *, needed: bool = False, **kwargs: Any) -> None:
        super().__init__(label, filters=[_stripped], **kwargs)
        self.needed = needed

    @property
    def minute(self) -> int | None:
        return a_time(self.data)

    def pre_validate(self, form: Any) -> None:
        if self.minute is None and (self.needed or self.data):
            raise StopValidation(NOT_A_TIME if self.needed else NOT_A_TIME_NOR_EMPTY)


class LineField(StringField):
    """One line of text, tidied. Without `missing`, the sentence when nothing is typed, it may stay
    empty."""

    data: Any

    def __init__(
        self, label: str, *, longest: int, missing: str | None = None, **kwargs: Any
    ) -> None:
        super().__init__(label, **kwargs)
        self.longest, self.missing = longest, missing

    def process_formdata(self, valuelist: list[str]) -> None:
        super().process_formdata(valuelist)
        self.data = names.tidy(self.data or "")

    def pre_validate(self, form: Any) -> None:
        if names.breaks_lines(self.data or ""):
            raise StopValidation("This cannot hold line breaks or control characters.")
        if len(self.data or "") > self.longest:
            raise StopValidation(f"Use at most {self.longest} characters.")
        if self.missing and not any(sign.isalnum() for sign in self.data or ""):
            raise StopValidation(self.missing)


class TextField(TextAreaField):
    """Some lines of text, or nothing."""

    data: Any

    def process_formdata(self, valuelist: list[str]) -> None:
        super().process_formdata(valuelist)
        self.data = "\n".join((self.data or "").splitlines()).strip()

    def pre_validate(self, form: Any) -> None:
        if names.breaks_lines((self.data or "").translate(LINE_ENDS)):
            raise StopValidation("This cannot hold control characters.")
        if len(self.data or "") > LONGEST_TEXT:
            raise StopValidation(f"Use at most {LONGEST_TEXT:,} characters.")


class NameField(StringField):
    """Somebody's name: that of whoever fills it in, or of another, whom others call so."""

    data: Any

    def __init__(self, label: str, *, of_another: bool = False, **kwargs: Any) -> None:
        super().__init__(label, filters=[_tidied], **kwargs)
        self.of_another = of_another

    def pre_validate(self, form: Any) -> None:
        if complaint := names.complaint_about_name(self.data, of_another=self.of_another):
            raise StopValidation(complaint)


class PhoneField(TelField):
    """A telephone number, or nothing."""

    data: Any

    def __init__(self, label: str, **kwargs: Any) -> None:
        super().__init__(label, filters=[_tidied], **kwargs)

    def pre_validate(self, form: Any) -> None:
        if self.data and (complaint := names.complaint_about_phone(self.data)):
            raise StopValidation(complaint)


class AddressField(EmailField):
    """An e-mail address, normalised; what cannot be one stays as it was typed. Without `missing`,
    the sentence when nothing is typed, it may stay empty."""

    data: Any

    def __init__(self, label: str, *, missing: str | None = None, **kwargs: Any) -> None:
        super().__init__(label, filters=[_tidied], **kwargs)
        self.missing = missing

    def pre_validate(self, form: Any) -> None:
        if not self.data:
            if self.missing:
                raise StopValidation(self.missing)
            return
        try:
            self.data = addresses.normalised(self.data)
        except NotAnAddress as fault:
            raise StopValidation(fault.sentence) from fault


class TicksField(SelectMultipleField):
    """Several choices, each a box to tick."""

    widget = ListWidget(prefix_label=False)
    option_widget = CheckboxInput()


class LeadsField(TicksField):
    """How many hours before a visit its patient is reminded; a box for each that can be chosen."""

    def __init__(self, label: str, **kwargs: Any) -> None:
        leads = [SelectChoice(str(lead), lead_in_words(lead)) for lead in REMINDER_LEADS]
        super().__init__(label, choices=leads, **kwargs)

    @property
    def hours(self) -> tuple[int, ...]:
        """What is ticked, the longest first; what is no lead is left out."""
        ticked = set(self.data or ())
        return tuple(lead for lead in REMINDER_LEADS if str(lead) in ticked)


def typed(minute: int) -> str:
    """A time as one types it; the end of the day is midnight, because fields for times have no
    24:00."""
    return f"{minute // 60 % 24:02}:{minute % 60:02}"


def _tidied(text: str | None) -> str:
    return names.tidy(text or "")


def _stripped(text: str | None) -> str:
    return (text or "").strip()
