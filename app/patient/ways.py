"""How whoever asks comes to an appointment: signed in, or by a link that was mailed."""

from __future__ import annotations

from dataclasses import dataclass

from flask import g, url_for
from flask_login import current_user

from app import clock
from app.errors import ClinicError
from app.messaging import visit_links
from app.models import Appointment
from app.scheduling import appointments
from app.scheduling.moves import Actor
from app.security import me, signer
from app.signing import Purpose


class LinkOver(ClinicError):
    """Said of one that never was, too."""

    status = 410
    sentence = "This link is over. Sign in to see your visits, or call the clinic."


@dataclass(frozen=True, slots=True)
class Way:
    """As whom somebody acts on an appointment, and the addresses of its pages that are open to
    them. A mailed link opens the one page that it was made for."""

    found: Appointment
    actor: Actor
    details: str | None = None
    move: str | None = None
    cancel: str | None = None

    @property
    def is_mailed(self) -> bool:
        return None in {self.details, self.move, self.cancel}

    @property
    def after(self) -> str:
        """Where somebody goes who has changed the appointment."""
        if self.details is not None:
            return self.details
        return visit_links.path_of(signer(), Purpose.SEE_VISIT, self.found)


def own(found: Appointment) -> Way:
    """The signed-in patient's way to their own appointment."""
    return Way(
        found,
        Actor.of(me()),
        details=url_for("patient.appointment", ref=found.ref),
        move=url_for("patient.move", ref=found.ref),
        cancel=url_for("patient.cancel", ref=found.ref),
    )


def mailed(token: str, purpose: Purpose) -> Way:
    """The way that a mailed link of one purpose opens. Raises LinkOver for one that is forged,
    old, for something else, or for a visit that is no longer its patient's."""
    g.is_private = True  # whatever is shown is not for a cache
    refs = visit_links.read(signer(), purpose, token, clock.now())
    found = appointments.appointment_of_link(*refs) if refs is not None else None
    if found is None or found.patient is None:
        raise LinkOver
    if current_user.is_authenticated and me().id == found.patient.user_id:
        return own(found)
    actor = Actor.of(found.patient.user)
    path = visit_links.path_to(token, purpose)
    if purpose is Purpose.SEE_VISIT:
        return Way(found, actor, details=path)
    if purpose is Purpose.MOVE_VISIT:
        return Way(found, actor, move=path)
    return Way(found, actor, cancel=path)
