"""How much comes back when a paid visit does not take place. Pure, in cents and percent."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from app.models import Appointment


@dataclass(frozen=True, slots=True)
class Terms:
    """What was agreed with a visit: free to cancel until so many hours before it; afterwards the
    clinic keeps a part of the price, and another one when nobody comes."""

    free_until_hours: int
    late_fee_percent: int
    no_show_fee_percent: int

    def free_until(self, starts_at: datetime) -> datetime:
        """The instant until which cancelling costs nothing."""
        return starts_at - timedelta(hours=self.free_until_hours)


def terms_of(appointment: Appointment) -> Terms:
    """The terms as they were when the visit was agreed."""
    return Terms(
        appointment.free_until_hours,
        appointment.late_fee_percent,
        appointment.no_show_fee_percent,
    )


def kept_cents(
    terms: Terms, price_cents: int, starts_at: datetime, at: datetime, *, by_patient: bool
) -> int:
    """What the clinic keeps of a price when a visit is cancelled at an instant. Nothing when the
    clinic cancels or declines; half cents are the patient's."""
    if not by_patient or at <= terms.free_until(starts_at):
        return 0
    return price_cents * terms.late_fee_percent // 100


def kept_of_no_show(terms: Terms, price_cents: int) -> int:
    """What the clinic keeps of a price when nobody comes; half cents are the patient's."""
    return price_cents * terms.no_show_fee_percent // 100
