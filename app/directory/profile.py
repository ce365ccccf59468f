"""What a doctor's public page says, as plain values that can be compared, kept and told."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from sqlalchemy import select

from app.extensions import db
from app.models import Doctor, Specialty, VisitType
from app.models.doctor import doctor_visit_types


@dataclass(frozen=True, slots=True)
class Terms:
    """A doctor's own length and price of a visit type; None stands for the clinic's."""

    minutes: int | None = None
    price_cents: int | None = None


@dataclass(frozen=True, slots=True)
class Profile:
    """All that a doctor says of themselves. `portrait` is the name of its file, languages are ISO
    639-1 codes, specialties slugs; `visits` are the visit types offered, by reference."""

    title: str = ""
    about: str = ""
    portrait: str | None = None
    languages: tuple[str, ...] = ()
    specialties: tuple[str, ...] = ()
    visits: Mapping[str, Terms] = field(default_factory=dict)

    @property
    def state(self) -> dict[str, Any]:
        """The same in plain JSON values."""
        return asdict(self) | {
            "languages": sorted(self.languages),
            "specialties": sorted(self.specialties),
            "visits": {ref: asdict(self.visits[ref]) for ref in sorted(self.visits)},
        }

    def changes_to(self, other: Profile) -> dict[str, Any]:
        """The fields in which the other differs, as the other has them."""
        mine = self.state
        return {name: value for name, value in other.state.items() if value != mine[name]}

    def changed_by(self, fields: Mapping[str, Any]) -> Profile:
        """The same with some fields as `state` gives them."""
        state = self.state | dict(fields)
        return Profile(
            state["title"],
            state["about"],
            state["portrait"],
            tuple(state["languages"]),
            tuple(state["specialties"]),
            {ref: Terms(**terms) for ref, terms in state["visits"].items()},
        )


def offered() -> Sequence[VisitType]:
    """The visit types of the clinic that a doctor may offer, the shortest first."""
    active = select(VisitType).where(VisitType.is_active)
    return db.session.scalars(active.order_by(VisitType.minutes, VisitType.name)).all()


def specialties() -> Sequence[Specialty]:
    """The specialties of the clinic, in order of name."""
    return db.session.scalars(select(Specialty).order_by(Specialty.name)).all()


def published(doctor: Doctor) -> Profile:
    """What a doctor's page says now; of visit types, those that the clinic offers at present."""
    row = doctor_visit_types.c
    offers = db.session.execute(
        select(VisitType.ref, row.own_minutes, row.own_price_cents)
        .join(doctor_visit_types, row.visit_type_id == VisitType.id)
        .where(row.doctor_id == doctor.id, VisitType.is_active)
    )
    return Profile(
        title=doctor.title,
        about=doctor.about,
        portrait=doctor.portrait,
        languages=tuple(doctor.languages),
        specialties=tuple(specialty.slug for specialty in doctor.specialties),
        visits={ref: Terms(minutes, cents) for ref, minutes, cents in offers},
    )


def said(profile: Profile, names: Mapping[str, Any]) -> dict[str, Any]:
    """Some fields in words for the trail."""
    words = profile.state | {
        "languages": ", ".join(sorted(profile.languages)),
        "specialties": ", ".join(sorted(profile.specialties)),
        "visits": "; ".join(_said_visits(profile)) if "visits" in names else "",
    }
    return {name: words[name] for name in names}


def _said_visits(profile: Profile) -> list[str]:
    kinds = select(VisitType).where(VisitType.ref.in_(profile.visits)).order_by(VisitType.name)
    said = []
    for kind in db.session.scalars(kinds):
        own = profile.visits[kind.ref]
        terms = [f"{own.minutes} min"] if own.minutes is not None else []
        if own.price_cents is not None:
            terms.append(f"{own.price_cents / 100:.2f} {kind.currency}")
        said.append(f"{kind.name} ({', '.join(terms)})" if terms else kind.name)
    return said
