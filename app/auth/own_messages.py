"""What somebody is told by e-mail, and their calendar feed: one page, several small forms."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from flask import Response, current_app, flash, make_response, render_template, url_for
from flask_wtf import FlaskForm
from wtforms import BooleanField, HiddenField, RadioField, SelectChoice
from wtforms.validators import InputRequired, ValidationError

from app import conflicts
from app.auth import bp
from app.clinic import settings
from app.conflicts import Difference
from app.errors import ChangedMeanwhile
from app.fields import LeadsField
from app.htmx import see_other
from app.inputs import takes_many
from app.messaging import agendas, choices, feeds
from app.models import AgendaMail, Doctor, Patient, Role
from app.security import limited, me, my_doctor, my_patient, only, signed_in, signer

EVENING, MORNING = (agendas.WHEN[when][1] for when in (AgendaMail.EVENING, AgendaMail.MORNING))
CLINIC, OWN, NONE = "clinic", "own", "none"


class RemindersForm(FlaskForm):
    choice = RadioField(
        "Reminders of your visits",
        choices=[
            SelectChoice(CLINIC, "As the clinic does it"),
            SelectChoice(OWN, "At times of my own"),
            SelectChoice(NONE, "No reminders"),
        ],
        validators=[InputRequired("Choose one of these.")],
    )
    hours = LeadsField("Times before each visit")
    version = HiddenField()

    def validate_hours(self, field: LeadsField) -> None:
        if self.choice.data == OWN and not field.data:
            raise ValidationError("Tick at least one time, or choose no reminders.")

    @property
    def wanted(self) -> list[int] | None:
        if self.choice.data == CLINIC:
            return None
        return [*self.hours.hours] if self.choice.data == OWN else []


class MailForm(FlaskForm):
    agenda = RadioField(
        "Your visits of the day",
        choices=[
            SelectChoice(AgendaMail.NEVER.value, "Never"),
            SelectChoice(AgendaMail.EVENING.value, f"In the evening before, at {EVENING:%H:%M}"),
            SelectChoice(AgendaMail.MORNING.value, f"In the morning, at {MORNING:%H:%M}"),
        ],
        validators=[InputRequired("Choose one of these.")],
    )
    changes = BooleanField("Tell me when a patient cancels or moves a visit")
    version = HiddenField()


@dataclass(frozen=True, slots=True)
class FeedLinks:
    """A calendar feed's address as one copies it, and as a calendar opens it."""

    address: str
    opened: str


@bp.get("/account/messages/")
@signed_in
def messages() -> Response:
    """What always comes, what may be chosen, and the calendar."""
    return messages_page()


@bp.post("/account/messages/reminders/")
@only(Role.PATIENT)
@limited("60 per hour")
@takes_many("hours")
def choose_reminders() -> Response:
    """Keep when a patient wants to be reminded."""
    form = RemindersForm()
    if not form.validate_on_submit():
        return messages_page(422, form)
    try:
        choices.choose_reminders(my_patient(), form.wanted, version=form.version.data or "")
    except ChangedMeanwhile as refused:
        return _overtaken(form, _reminders_of(my_patient()), refused)
    flash("Your reminders are saved.", "success")
    return see_other(url_for("auth.messages"))


@bp.post("/account/messages/agenda/")
@only(Role.DOCTOR)
@limited("60 per hour")
def choose_mail() -> Response:
    """Keep what a doctor wants to be told."""
    form = MailForm()
    if not form.validate_on_submit():
        return messages_page(422, form)
    when, version = AgendaMail(form.agenda.data), form.version.data or ""
    try:
        choices.choose_mail(my_doctor(), when, form.changes.data, version=version)
    except ChangedMeanwhile as refused:
        return _overtaken(form, _mail_of(my_doctor()), refused)
    flash("Your messages are saved.", "success")
    return see_other(url_for("auth.messages"))


def messages_page(
    status: int = 200,
    form: FlaskForm | None = None,
    *,
    differences: Sequence[Difference] | None = None,
    feed_refusal: str = "",
) -> Response:
    """The page as things stand, or with a form as it was typed."""
    user, clinic = me(), settings.current()
    page = render_template(
        "auth/messages.html",
        user=user,
        form=_stored_form() if form is None else form,
        differences=differences,
        clinics_own=choices.leads_in_words(clinic.reminder_hours),
        feed=_feed_links(),
        has_feed=user.role in feeds.HAVE_FEEDS,
        feed_refusal=feed_refusal,
    )
    return make_response(page, status)


def _overtaken(form: FlaskForm, stored: FlaskForm, refused: ChangedMeanwhile) -> Response:
    form.version.data = stored.version.data
    found = conflicts.of_forms(form, stored)
    return messages_page(refused.status, form, differences=found)


def _stored_form() -> FlaskForm | None:
    if me().role is Role.PATIENT:
        return _reminders_of(my_patient())
    return _mail_of(my_doctor()) if me().role is Role.DOCTOR else None


def _reminders_of(patient: Patient) -> RemindersForm:
    own = patient.own_reminders
    return RemindersForm(
        formdata=None,
        choice=CLINIC if own is None else OWN if own else NONE,
        hours=[str(hours) for hours in own or settings.current().reminder_hours],
        version=choices.version_of_reminders(patient),
    )


def _mail_of(doctor: Doctor) -> MailForm:
    return MailForm(
        formdata=None,
        agenda=doctor.agenda_mail.value,
        changes=doctor.mail_changes,
        version=choices.version_of_mail(doctor),
    )


def _feed_links() -> FeedLinks | None:
    path = feeds.path_of(me(), signer())
    if path is None:
        return None
    address = current_app.config["DOCKET"].base_url + path
    return FeedLinks(address, f"webcal:{address.partition(':')[2]}")
