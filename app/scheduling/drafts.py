"""An appointment as it is when its time is first taken: held, on the terms of that moment."""

from __future__ import annotations

from app.models import Appointment, PaymentStatus
from app.models import AppointmentStatus as Status
from app.scheduling.openings import Desk, Opening, length_of


def held(desk: Desk, opening: Opening, patient_id: int | None, key: str) -> Appointment:
    """What is agreed at the desk's moment is kept: length, price, mode, place, and what of the
    price comes back when. It stands in no session yet and claims nothing."""
    kind, length, clinic = opening.visit_type, length_of(opening.visit_type), desk.settings
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
        pay_when=kind.pay_when,
        free_until_hours=clinic.free_until_hours,
        late_fee_percent=clinic.late_fee_percent,
        no_show_fee_percent=clinic.no_show_fee_percent,
        booking_key=key,
        hold_expires_at=desk.at + clinic.hold,
        created_at=desk.at,
    )
