"""The form for a visit type: lengths in whole steps of five minutes, a price as people write it."""

from __future__ import annotations

from typing import Any

from flask_wtf import FlaskForm
from wtforms import BooleanField, HiddenField, RadioField, SelectChoice, SelectField, StringField
from wtforms.validators import StopValidation

from app.clinic import settings
from app.directory import entries
from app.directory.visit_types import LONGEST, LONGEST_BUFFER, MULTIPLE, SHORTEST, STEPS, Terms
from app.fields import LeadsField, LineField, TextField
from app.formats import amount
from app.inputs import a_number, a_price
from app.models import PayWhen, VisitMode, VisitType, WhoMayBook

PAID = (
    (PayWhen.AT_CLINIC, "At the clinic"),
    (PayWhen.ONLINE, "Online, to book it"),
    (PayWhen.EITHER, "Online or at the clinic"),
)
CLINIC, OWN, NONE = "clinic", "own", "none"
MODES = ((VisitMode.IN_PERSON, "In person"), (VisitMode.ONLINE, "Online"))
WHO = (
    (WhoMayBook.ANYBODY, "Anybody"),
    (WhoMayBook.NEW, "New patients"),
    (WhoMayBook.RETURNING, "Returning patients"),
    (WhoMayBook.STAFF, "Staff only"),
)


class MinutesField(StringField):
    """A whole number of minutes in steps of five; what is none stays as it was typed."""

    data: Any

    def __init__(self, label: str, least: int, most: int, **kwargs: Any) -> None:
        super().__init__(label, **kwargs)
        self.least, self.most = least, most

    def process_data(self, value: Any) -> None:
        self.data = "" if value is None else str(value)

    @property
    def minutes(self) -> int | None:
        found = a_number(str(self.data or "").strip(), self.least, self.most)
        return None if found is None or found % MULTIPLE else found

    def pre_validate(self, form: Any) -> None:
        if self.minutes is None:
            raise StopValidation(
                f"Enter minutes from {self.least} to {self.most} in steps of {MULTIPLE}, like "
                f"{max(self.least, 15)}."
            )


class VisitTypeForm(FlaskForm):
    name = LineField(
        "Name",
        longest=entries.LONGEST_NAME,
        missing="Enter what the visit is called, like First visit.",
        description="As patients know it, like First visit.",
    )
    minutes = MinutesField("Length", SHORTEST, LONGEST, default=30, description="In minutes.")
    buffer_before = MinutesField(
        "Kept free before",
        0,
        LONGEST_BUFFER,
        default=0,
        description="In minutes, to prepare.",
    )
    buffer_after = MinutesField(
        "Kept free after", 0, LONGEST_BUFFER, default=0, description="In minutes, for notes."
    )
    step = SelectField(
        "Begins",
        choices=[
            SelectChoice(str(step), "every hour" if step == 60 else f"every {step} minutes")
            for step in STEPS
        ],
        default="15",
        description="On the clock.",
    )
    mode = RadioField(
        "How",
        choices=[SelectChoice(mode.value, word) for mode, word in MODES],
        default=VisitMode.IN_PERSON.value,
    )
    who_may_book = RadioField(
        "Who may book it",
        choices=[SelectChoice(who.value, word) for who, word in WHO],
        default=WhoMayBook.ANYBODY.value,
    )
    needs_approval = BooleanField("The doctor approves each request first")
    price = StringField("Price", default="0", description="Like 60.00 or 0.")
    currency = SelectField("Currency", description="What patients pay in.")
    pay_when = RadioField(
        "How it is paid",
        choices=[SelectChoice(when.value, word) for when, word in PAID],
        default=PayWhen.AT_CLINIC.value,
    )
    preparation = TextField(
        "To prepare",
        description="What patients bring, eat or do before. It stands on the confirmation and in "
        "the e-mails.",
    )
    reminders = RadioField(
        "Reminders",
        choices=[
            SelectChoice(CLINIC, "As the clinic does it"),
            SelectChoice(OWN, "At times of its own"),
            SelectChoice(NONE, "No reminders"),
        ],
        default=CLINIC,
        description="A patient who has chosen times of their own keeps to those.",
    )
    reminder_hours = LeadsField("Times before the visit")
    version = HiddenField()

    def __init__(self, *args: Any, stored_currency: str | None = None, **kwargs: Any) -> None:
        own = settings.current().currency
        super().__init__(*args, **({"currency": own} | kwargs))
        known = dict.fromkeys([*filter(None, [stored_currency]), own])
        self.currency.choices = [SelectChoice(one) for one in known]

    def validate_price(self, field: Any) -> None:
        if a_price(field.data, self.currency.data or "") is None:
            raise StopValidation(
                f"Enter an amount below a million, like {amount(6000, self.currency.data or '')}."
            )

    def validate_reminder_hours(self, field: Any) -> None:
        if self.reminders.data == OWN and not field.data:
            raise StopValidation("Tick at least one time, or choose no reminders.")

    @property
    def own_reminders(self) -> list[int] | None:
        """The hours before the visit, none of them, or what the clinic has."""
        if self.reminders.data == CLINIC:
            return None
        return [*self.reminder_hours.hours] if self.reminders.data == OWN else []

    @property
    def terms(self) -> Terms:
        return Terms(
            name=self.name.data,
            minutes=self.minutes.minutes or SHORTEST,
            buffer_before=self.buffer_before.minutes or 0,
            buffer_after=self.buffer_after.minutes or 0,
            step=int(self.step.data),
            mode=VisitMode(self.mode.data),
            needs_approval=bool(self.needs_approval.data),
            who_may_book=WhoMayBook(self.who_may_book.data),
            price_cents=a_price(self.price.data, self.currency.data) or 0,
            currency=self.currency.data,
            preparation=self.preparation.data,
            own_reminders=self.own_reminders,
            pay_when=PayWhen(self.pay_when.data),
        )


def form_of(stored: VisitType) -> VisitTypeForm:
    """The form as it stands for what is stored."""
    own = stored.own_reminders
    return VisitTypeForm(
        formdata=None,
        stored_currency=stored.currency,
        name=stored.name,
        minutes=stored.minutes,
        buffer_before=stored.buffer_before,
        buffer_after=stored.buffer_after,
        step=str(stored.step),
        mode=stored.mode.value,
        needs_approval=stored.needs_approval,
        who_may_book=stored.who_may_book.value,
        price=amount(stored.price_cents, stored.currency),
        currency=stored.currency,
        pay_when=stored.pay_when.value,
        preparation=stored.preparation,
        reminders=CLINIC if own is None else OWN if own else NONE,
        reminder_hours=own or [],
        version=str(stored.version),
    )
