"""Writing what a doctor's public page says, in the present transaction."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import delete, insert, select

from app.clinic import revision
from app.directory.profile import Profile, Terms
from app.extensions import db
from app.models import Doctor, DoctorLanguage, Specialty, VisitType
from app.models.doctor import doctor_visit_types


def write(doctor: Doctor, wanted: Profile) -> None:
    """Let a doctor's page say what is wanted. The caller has locked the doctor."""
    doctor.title, doctor.about, doctor.portrait = wanted.title, wanted.about, wanted.portrait
    named = Specialty.slug.in_(wanted.specialties)
    doctor.specialties = list(db.session.scalars(select(Specialty).where(named)))
    spoken = {one.language: one for one in doctor.spoken}
    doctor.spoken = [
        spoken.get(code) or DoctorLanguage(language=code) for code in sorted(wanted.languages)
    ]
    doctor.version += 1
    _offer(doctor, wanted.visits)


def _offer(doctor: Doctor, visits: Mapping[str, Terms]) -> None:
    """Write which visit types are offered on which terms. Those that the clinic does not offer at
    present stay as they are, for the day on which it does again."""
    rows = db.session.execute(select(VisitType.ref, VisitType.id).where(VisitType.is_active))
    active = {row.ref: row.id for row in rows}
    row = doctor_visit_types.c
    gone = delete(doctor_visit_types).where(
        row.doctor_id == doctor.id, row.visit_type_id.in_(active.values())
    )
    db.session.execute(gone, execution_options={"synchronize_session": False})
    offered = [
        {
            "doctor_id": doctor.id,
            "visit_type_id": active[ref],
            "own_minutes": terms.minutes,
            "own_price_cents": terms.price_cents,
        }
        for ref, terms in visits.items()
        if ref in active
    ]
    if offered:
        db.session.execute(insert(doctor_visit_types), offered)
    revision.bump()  # a table that no flush sees
    db.session.expire(doctor, ["visit_types"])
