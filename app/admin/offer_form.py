"""The one form of the set-up that no ordinary page has: what a doctor offers."""

from __future__ import annotations

from typing import Any

from flask_wtf import FlaskForm
from wtforms import HiddenField, SelectChoice
from wtforms.validators import StopValidation

from app.directory import profile
from app.fields import LANGUAGES_BY_NAME, TicksField


class OfferForm(FlaskForm):
    """What a doctor offers."""

    specialties = TicksField("Specialties")
    visit_types = TicksField("Visit types")
    languages = TicksField("Languages they see patients in", choices=LANGUAGES_BY_NAME)
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
