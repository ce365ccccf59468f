"""What specialties, locations and visit types have in common: admins keep them, each under a name
that no other has, and every change of them stands in the audit trail."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Any, TypeVar

from sqlalchemy import exists, inspect, select
from sqlalchemy.exc import IntegrityError

from app.clinic import audit, removals
from app.clinic.removals import Irretrievable
from app.errors import ChangedMeanwhile, ClinicError, NotAllowed, NotFound
from app.extensions import db
from app.models import Location, Role, Specialty, User, VisitType
from app.transaction import Overtaken, is_duplicate

Entry = TypeVar("Entry", Specialty, Location, VisitType)

LONGEST_NAME = 80
LONGEST_SLUG = 50  # leaves room for a number
NAMED_IN_FULL = 3
UNSAID = frozenset({"id", "ref", "slug", "version"})  # no facts about the thing itself


class NameTaken(ClinicError):
    status = 422

    def __init__(self, name: str) -> None:
        super().__init__(f"“{name}” exists already. Choose another name.")


class InUse(ClinicError):
    """Something that others lean on cannot be removed; the sentence says who they are."""


def check_admin(actor: User) -> None:
    """Raise NotAllowed unless the actor is an active admin now."""
    db.session.refresh(actor)
    if actor.role is not Role.ADMIN or not actor.is_active:
        raise NotAllowed


def lock(entry: Entry, actor: User, version: int) -> None:
    """Let nobody else change the entry until this transaction ends. Raises NotAllowed, NotFound
    when it is gone, ChangedMeanwhile when it is not what the actor has seen."""
    check_admin(actor)
    model, number = type(entry), number_of(entry)
    query = select(model).where(model.id == number).with_for_update()
    if db.session.scalars(query.execution_options(populate_existing=True)).first() is None:
        raise NotFound("Somebody has removed this meanwhile.")
    if entry.version != version:
        raise ChangedMeanwhile


def number_of(row: Any) -> int:
    """The number of a row that may be gone: asking the row itself would read it."""
    return int(inspect(row).identity[0])


def add(entry: Entry, actor: User) -> None:
    """Store a new entry. Raises NotAllowed, NameTaken."""
    check_admin(actor)
    _check_name(type(entry), entry.name)
    db.session.add(entry)
    _flush(entry.name)
    kind = audit.kind_of(entry)
    audit.record(actor, f"{kind}.created", entry, name=entry.name, after=facts_of(entry))


def change(entry: Entry, wanted: Mapping[str, Any], actor: User) -> bool:
    """Give a locked entry other values; whether that changed anything. Raises NameTaken."""
    _check_name(type(entry), wanted["name"], apart_from=entry.id)
    changed = {name: value for name, value in wanted.items() if getattr(entry, name) != value}
    if not changed:
        return False
    before = {name: _plain(getattr(entry, name)) for name in changed}
    for name, value in changed.items():
        setattr(entry, name, value)
    entry.version += 1
    _flush(entry.name)
    kind, after = audit.kind_of(entry), {name: _plain(value) for name, value in changed.items()}
    audit.record(actor, f"{kind}.changed", entry, name=entry.name, before=before, after=after)
    return True


def remove(entry: Entry, actor: User, **more: Any) -> int:
    """Remove a locked entry that nobody uses; the number by which it can be brought back. What
    else goes with it is kept as `more`."""
    before = _stored(entry) | more
    number = removals.record(actor, entry, name=entry.name, before=before)
    db.session.delete(entry)
    try:
        db.session.flush()
    except IntegrityError as fault:
        raise Overtaken from fault  # somebody has just begun to use it: look again
    return number


def restore(model: type[Entry], number: int, actor: User) -> tuple[Entry, dict[str, Any]]:
    """Bring back what was removed under that number, with its address; and what went with it.

    Raises NotAllowed, NotFound, Irretrievable.
    """
    check_admin(actor)
    removal, stored = removals.to_take_back(audit.kind_of(model), number)
    entry, more = _made_anew(model, removal.object_id, stored)
    try:
        _check_name(model, entry.name)
    except NameTaken as taken:
        raise Irretrievable(
            f"“{entry.name}” cannot come back: another has this name now. Rename that one first."
        ) from taken
    db.session.add(entry)
    try:
        db.session.flush()
    except IntegrityError as fault:
        raise Overtaken from fault  # somebody has just taken its name or its place: look again
    db.session.refresh(entry)  # words are words again, not text
    removals.record_return(actor, entry, removal, facts_of(entry) | more)
    return entry, more


def facts_of(entry: Entry) -> dict[str, Any]:
    """All that is stored of an entry, as the audit trail keeps it."""
    return {name: value for name, value in _stored(entry).items() if name not in UNSAID}


def free_slug(model: type[Entry], name: str) -> str:
    """The name as it stands in an address, with a number behind it if another has it already."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    stem = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:LONGEST_SLUG] or model.__name__.lower()
    column = model.__table__.c.slug
    taken: set[str] = set(db.session.scalars(select(column).where(column.startswith(stem))))
    free, number = stem, 1
    while free in taken:
        number += 1
        free = f"{stem}-{number}"
    return free


def some_of(names: Iterable[str]) -> str:
    """`Ada Berg, Bea Cruz and 4 others`."""
    known = list(names)
    if len(known) > NAMED_IN_FULL + 1:
        known = [*known[:NAMED_IN_FULL], f"{len(known) - NAMED_IN_FULL} others"]
    return " and ".join(filter(None, (", ".join(known[:-1]), *known[-1:])))


def _stored(entry: Entry) -> dict[str, Any]:
    names = [column.key for column in type(entry).__table__.columns if column.key != "id"]
    return {name: _plain(getattr(entry, name)) for name in names}


def _made_anew(
    model: type[Entry], number: int, stored: dict[str, Any]
) -> tuple[Entry, dict[str, Any]]:
    """An entry as it was stored, and what is kept beside it. Its number is its own again unless the
    database has given it to another, and its version is one that nobody has seen."""
    columns = {column.key for column in model.__table__.columns}
    own = {name: value for name, value in stored.items() if name in columns}
    if "version" not in own:
        raise Irretrievable(f"Too little is known of “{own['name']}” to bring it back.")
    own["version"] += 1
    if db.session.get(model, number) is None:
        own["id"] = number
    if "slug" in own and _is_slug_taken(model, own["slug"]):
        own["slug"] = free_slug(model, own["name"])
    return model(**own), {name: stored[name] for name in stored if name not in columns}


def _is_slug_taken(model: type[Entry], slug: str) -> bool:
    taken = select(exists().where(model.__table__.c.slug == slug))
    return bool(db.session.scalar(taken))


def _check_name(model: type[Entry], name: str, apart_from: int | None = None) -> None:
    """Names are equal for people when only their capitals differ, whatever the database says."""
    for number, known in db.session.execute(select(model.id, model.name)):
        if known.casefold() == name.casefold() and number != apart_from:
            raise NameTaken(known)


def _flush(name: str) -> None:
    try:
        db.session.flush()
    except IntegrityError as fault:
        if is_duplicate(fault, "slug"):
            raise Overtaken from fault
        if is_duplicate(fault, "name"):
            raise NameTaken(name) from fault
        raise


def _plain(value: Any) -> Any:
    return value.value if isinstance(value, StrEnum) else value
