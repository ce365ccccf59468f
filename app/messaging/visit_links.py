"""Links in letters that open one visit to whoever has the letter: to see it, to move it, or to
cancel it. Each does one thing, ends with the visit, and dies when the visit is somebody else's."""

from __future__ import annotations

from datetime import datetime, timedelta

from app.models import Appointment
from app.signing import Purpose, Signer

PATHS = {Purpose.SEE_VISIT: "", Purpose.MOVE_VISIT: "move/", Purpose.CANCEL_VISIT: "cancel/"}
SEEN_FOR = timedelta(days=30)  # after the visit's end


def path_of(signer: Signer, purpose: Purpose, appointment: Appointment) -> str:
    """The path, from the site's root, of a link of one of these purposes for an appointment's
    patient. Raises ValueError for an appointment without a patient."""
    if appointment.patient is None:
        raise ValueError("An appointment without a patient has no link.")
    ends_at = appointment.ends_at + (SEEN_FOR if purpose is Purpose.SEE_VISIT else timedelta())
    subject = f"{appointment.ref}:{appointment.patient.user.ref}"
    return path_to(signer.token(purpose, subject, ends_at), purpose)


def path_to(token: str, purpose: Purpose) -> str:
    """The path, from the site's root, of the page that a token of a purpose opens."""
    return f"/visit/{token}/{PATHS[purpose]}"


def read(signer: Signer, purpose: Purpose, token: str, at: datetime) -> tuple[str, str] | None:
    """The references of the appointment and of its patient's user that a link serves at an
    instant, or None for one that is forged, over, or for something else."""
    subject = signer.subject(purpose, token, at)
    if subject is None:
        return None
    appointment_ref, _, user_ref = subject.partition(":")
    return appointment_ref, user_ref
