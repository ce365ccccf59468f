"""One page of many rows. Nobody turns ten thousand rows' worth of pages, so no more are counted:
a list costs the same however long it has grown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from sqlalchemy import ColumnElement, Select, func, select
from sqlalchemy.orm import InstrumentedAttribute

from app.extensions import db

T = TypeVar("T")

PAGE_SIZE = 25
MOST = 10_000


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """`number` counts from 1; `total` stops at MOST, and then there `is_more`."""

    rows: Sequence[T]
    number: int
    total: int
    size: int = PAGE_SIZE
    is_more: bool = False

    @property
    def first(self) -> int:
        """The place of the first row among all, from 1."""
        return (self.number - 1) * self.size + 1

    @property
    def last(self) -> int:
        return self.first + len(self.rows) - 1

    @property
    def pages(self) -> int:
        return max(1, -(-self.total // self.size))


def page_of_found(
    query: Select[T],
    key: ColumnElement[Any],
    order: Sequence[ColumnElement[Any] | InstrumentedAttribute[Any]],
    number: int,
    size: int = PAGE_SIZE,
) -> Page[T]:
    """The same for rows that only reading them all can find: they are read once, and not once
    more to be counted."""
    found = db.session.scalars(query.with_only_columns(key).order_by(*order).limit(MOST + 1)).all()
    total = min(len(found), MOST)
    number = min(max(number, 1), max(1, -(-total // size)))
    some = found[(number - 1) * size : min(number * size, total)]
    rows = db.session.scalars(query.where(key.in_(some)).order_by(*order))
    return Page(rows.all(), number, total, size, is_more=len(found) > MOST)


def page_of(
    query: Select[T],
    key: ColumnElement[Any],
    order: Sequence[ColumnElement[Any] | InstrumentedAttribute[Any]],
    number: int,
    size: int = PAGE_SIZE,
) -> Page[T]:
    """The page of that number, in two queries; a page beyond the last is the last.

    `key` is the rows' own number: it is what is counted, and what decides between equals.
    """
    some = query.with_only_columns(key).limit(MOST + 1).subquery()
    found = db.session.scalar(select(func.count()).select_from(some)) or 0
    total = min(found, MOST)
    number = min(max(number, 1), max(1, -(-total // size)))
    # What lies before the page is passed over in the index, and only its own rows are read.
    passed = query.with_only_columns(key.label("key")).order_by(*order)
    wanted = passed.offset((number - 1) * size).limit(size).subquery()
    rows = db.session.scalars(query.join(wanted, wanted.c.key == key).order_by(*order))
    return Page(rows.all(), number, total, size, is_more=found > MOST)
