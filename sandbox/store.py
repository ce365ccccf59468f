"""What the sandbox remembers: objects as JSON, answers by idempotency key, deliveries that wait.

One connection behind one lock: each request is one transaction, and they take turns.
"""

from __future__ import annotations

import json
import secrets
import sqlite3
import string
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from threading import RLock
from typing import Any

Thing = dict[str, Any]  # an object of the API, as its JSON says

PREFIXES = {
    "checkout.session": "cs_test_",
    "payment_intent": "pi_",
    "charge": "ch_",
    "balance_transaction": "txn_",
    "refund": "re_",
    "dispute": "dp_",
    "event": "evt_",
}
LETTERS = string.ascii_letters + string.digits
TABLES = """
CREATE TABLE IF NOT EXISTS things (
    number INTEGER PRIMARY KEY, id TEXT UNIQUE NOT NULL, kind TEXT NOT NULL, body TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS things_by_kind ON things (kind, number);
CREATE TABLE IF NOT EXISTS answers (
    key TEXT PRIMARY KEY, asked TEXT NOT NULL, status INTEGER NOT NULL, body TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS deliveries (
    number INTEGER PRIMARY KEY, event_id TEXT NOT NULL, due REAL NOT NULL, tries INTEGER NOT NULL
);
"""


@dataclass(frozen=True, slots=True)
class Answer:
    """What was answered to a request with an idempotency key, and to which."""

    asked: str
    status: int
    body: str


@dataclass(frozen=True, slots=True)
class Delivery:
    """An event on its way to the webhook; `tries` have failed."""

    number: int
    event_id: str
    tries: int


def new_id(kind: str) -> str:
    """An id that looks like one of Stripe's."""
    return PREFIXES[kind] + "".join(secrets.choice(LETTERS) for _ in range(24))


class Store:
    """The memory, in a file or, without a path, as long as the process lives."""

    def __init__(self, path: str = ":memory:") -> None:
        self._lock = RLock()
        self._db = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self._db.executescript(TABLES)
        self._depth = 0

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Work alone, and keep all of it or none."""
        with self._lock:
            if self._depth == 0:
                self._db.execute("BEGIN IMMEDIATE")
            self._depth += 1
            try:
                yield
            except BaseException:
                self._depth -= 1
                if self._depth == 0:
                    self._db.execute("ROLLBACK")
                raise
            self._depth -= 1
            if self._depth == 0:
                self._db.execute("COMMIT")

    def keep(self, thing: Thing) -> Thing:
        """Store an object, new or changed."""
        with self.turn():
            self._db.execute(
                "INSERT INTO things (id, kind, body) VALUES (?, ?, ?) "
                "ON CONFLICT (id) DO UPDATE SET body = excluded.body",
                (thing["id"], thing["object"], json.dumps(thing)),
            )
        return thing

    def find(self, kind: str, number: object) -> Thing | None:
        """The object of a kind with an id."""
        with self._lock:
            row = self._db.execute(
                "SELECT body FROM things WHERE id = ? AND kind = ?", (str(number), kind)
            ).fetchone()
        return json.loads(row[0]) if row else None

    def find_any(self, number: str) -> Thing | None:
        """Whatever object has an id."""
        with self._lock:
            row = self._db.execute("SELECT body FROM things WHERE id = ?", (number,)).fetchone()
        return json.loads(row[0]) if row else None

    def all(self, kind: str) -> list[Thing]:
        """All objects of a kind, the newest first."""
        with self._lock:
            rows = self._db.execute(
                "SELECT body FROM things WHERE kind = ? ORDER BY number DESC", (kind,)
            ).fetchall()
        return [json.loads(row[0]) for row in rows]

    def answer_to(self, key: str) -> Answer | None:
        """What was answered before under an idempotency key."""
        with self._lock:
            row = self._db.execute(
                "SELECT asked, status, body FROM answers WHERE key = ?", (key,)
            ).fetchone()
        return Answer(*row) if row else None

    def remember(self, key: str, answer: Answer) -> None:
        """Keep what is answered under an idempotency key."""
        with self.turn():
            self._db.execute(
                "INSERT INTO answers (key, asked, status, body) VALUES (?, ?, ?, ?)",
                (key, answer.asked, answer.status, answer.body),
            )

    def deliver(self, event_id: str, due: float, tries: int = 0) -> None:
        """Put an event on its way at an epoch second."""
        with self.turn():
            self._db.execute(
                "INSERT INTO deliveries (event_id, due, tries) VALUES (?, ?, ?)",
                (event_id, due, tries),
            )

    def due(self, at: float) -> list[Delivery]:
        """Take the deliveries that are due; whoever takes them sees to them."""
        with self.turn():
            rows = self._db.execute(
                "DELETE FROM deliveries WHERE due <= ? RETURNING number, event_id, tries", (at,)
            ).fetchall()
        return [Delivery(*row) for row in sorted(rows)]
