"""The form of a doctor's page; each visit type of the clinic adds three fields to it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask_wtf import FlaskForm
from flask_wtf.file import FileField
from wtforms import (
    BooleanField,
    HiddenField,
    SelectChoice,
    SelectField,
    StringField,
    TextAreaField,
    ValidationError,
)
from wtforms.validators import Length

from app.accounts.names import TITLES, TURNERS
from app.directory.profile import Profile, Terms
from app.directory.profiles import LONGEST_ABOUT
from app.fields import LANGUAGES_BY_NAME, TicksField
from app.formats import amount
from app.inputs import a_number, a_price
from app.models import Specialty, VisitType


def _plain(typed: str | None) -> str:
    """Text in lines, without what controls a terminal or turns the text round."""
    lines = (typed or "").replace("\r\n", "\n").replace("\r", "\n").strip()
    return "".join(c for c in lines if c == "\n" or (c.isprintable() and c not in TURNERS))


def _stripped(typed: str | None) -> str:
    return (typed or "").strip()


class PageForm(FlaskForm):
    """`kept` is the name of the picture that stays unless another is chosen."""

    kinds: Sequence[VisitType] = ()

    portrait = FileField("Choose a picture")
    kept = HiddenField()
    remove = BooleanField("Show no picture")
    title = SelectField("Title")
    about = TextAreaField(
        "About you",
        filters=[_plain],
        validators=[Length(max=LONGEST_ABOUT, message=f"Use at most {LONGEST_ABOUT} characters.")],
    )
    languages = TicksField("Languages you see patients in", choices=LANGUAGES_BY_NAME)
    specialties = TicksField("Specialties")
    version = HiddenField()

    def validate_languages(self, field: TicksField) -> None:
        if not field.data:
            raise ValidationError("Tick at least one language.")

    def profile(self, portrait: str | None) -> Profile:
        """What the form says. For a form that is valid."""
        offered = [kind for kind in self.kinds if self[f"offer_{kind.ref}"].data]
        return Profile(
            self.title.data,
            self.about.data,
            portrait,
            tuple(self.languages.data),
            tuple(self.specialties.data),
            {
                kind.ref: Terms(
                    minutes_of(self[f"minutes_{kind.ref}"].data),
                    a_price(self[f"price_{kind.ref}"].data, kind.currency),
                )
                for kind in offered
            },
        )


def page_form(
    kinds: Sequence[VisitType], specialties: Sequence[Specialty], shown: Profile | None, title: str
) -> PageForm:
    """The form for the clinic's visit types and specialties, filled with what is `shown`."""
    fields: dict[str, Any] = {"kinds": kinds}
    for kind in kinds:
        fields[f"offer_{kind.ref}"] = BooleanField(kind.name)
        fields[f"minutes_{kind.ref}"] = StringField(
            "Own length in minutes", filters=[_stripped], validators=[_Minutes(kind)]
        )
        fields[f"price_{kind.ref}"] = StringField(
            f"Own price in {kind.currency}", filters=[_stripped], validators=[_Price(kind)]
        )
    form_class = type("PageFormOfClinic", (PageForm,), fields)
    # What was sent is read only where it is wanted: it may be too large to be read at all.
    form: PageForm = (
        form_class(formdata=None, data=_values(kinds, shown)) if shown else form_class()
    )
    titles = list(TITLES) if title in (*TITLES, "") else [*TITLES, title]
    form.title.choices = [*map(SelectChoice, titles), SelectChoice("", "No title")]
    form.specialties.choices = [SelectChoice(one.slug, one.name) for one in specialties]
    return form


def minutes_of(typed: str) -> int | None:
    """A length in whole ticks, or nothing."""
    number = a_number(typed, 5, 480)
    return number if number is not None and number % 5 == 0 else None


class _Minutes:
    def __init__(self, kind: VisitType) -> None:
        self.kind = kind

    def __call__(self, form: PageForm, field: StringField) -> None:
        if form[f"offer_{self.kind.ref}"].data and field.data and minutes_of(field.data) is None:
            raise ValidationError(
                f"{self.kind.name}: enter minutes from 5 to 480, in steps of 5, or nothing for the "
                "clinic’s length."
            )


class _Price:
    def __init__(self, kind: VisitType) -> None:
        self.kind = kind

    def __call__(self, form: PageForm, field: StringField) -> None:
        offered, currency = form[f"offer_{self.kind.ref}"].data, self.kind.currency
        if offered and field.data and a_price(field.data, currency) is None:
            raise ValidationError(
                f"{self.kind.name}: enter a price like {amount(6000, currency)}, or nothing for "
                "the clinic’s price."
            )


def _values(kinds: Sequence[VisitType], shown: Profile) -> dict[str, Any]:
    values: dict[str, Any] = {
        "kept": shown.portrait or "",
        "title": shown.title,
        "about": shown.about,
        "languages": list(shown.languages),
        "specialties": list(shown.specialties),
    }
    for kind in kinds:
        own = shown.visits.get(kind.ref)
        terms = own or Terms()
        values[f"offer_{kind.ref}"] = own is not None
        values[f"minutes_{kind.ref}"] = "" if terms.minutes is None else str(terms.minutes)
        values[f"price_{kind.ref}"] = (
            "" if terms.price_cents is None else amount(terms.price_cents, kind.currency)
        )
    return values
