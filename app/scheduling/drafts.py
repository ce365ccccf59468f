"""An appointment as it is when its time is first taken: held, on the terms of that moment."""

from __future__ import annotations

from datetime import datetime

from app.models import Appointment, PaymentStatus
from app.models import AppointmentStatus as Status
from app.scheduling.openings import Opening, length_of


def held(
    opening: Opening, patient_id: int | None, key: str, *, at: datetime, until: datetime
) -> Appointment:
    """What was agreed at the instant `at` is kept: length, price, mode and place. It stands in no
    session yet and claims nothing."""
    kind, length = opening.visit_type, length_of(opening.visit_type)
    return Appointment(
        doctor_id=opening.doctor.id,
        patient_id=patient_id,
        visit_type_id=kind.id,
        location_id=opening.location.id,
        status=Status.HELD,
        starts_at=opening.starts_at,
        ends_at=opening.ends_at,
        busy_from_tick=opening.tick - length.before,
        busy_until_tick=opening.tick + length.ticks + length.after,
        mode=kind.mode,
        price_cents=kind.price_cents,
        currency=kind.currency,
        payment_status=PaymentStatus.DUE if kind.price_cents else PaymentStatus.NONE,
        booking_key=key,
        hold_expires_at=until,
        created_at=at,
    )
