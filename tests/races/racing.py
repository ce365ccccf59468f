"""Letting several people do things at the same instant, and looking at what is left."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from threading import Barrier, Event
from typing import Any

from flask import Flask

from app.errors import ClinicError

PATIENCE = 20


@dataclass
class Gate:
    """A place where somebody waits, until the test lets them through."""

    reached: Event = field(default_factory=Event)
    opened: Event = field(default_factory=Event)

    def wait(self) -> None:
        self.reached.set()
        assert self.opened.wait(PATIENCE), "nobody opened the gate"

    def open(self) -> None:
        self.opened.set()


class Crowd:
    """People who act by themselves, each in an application context and a session of their own."""

    def __init__(self, app: Flask, size: int) -> None:
        self.app = app
        self.pool = ThreadPoolExecutor(size)

    def __enter__(self) -> Crowd:
        return self

    def __exit__(self, *_: object) -> None:
        self.pool.shutdown()

    def send(self, act: Callable[[], Any]):
        """Let somebody begin; the answer comes later. A refusal is an answer too."""
        return self.pool.submit(self._alone, act)

    def _alone(self, act: Callable[[], Any]) -> Any:
        with self.app.app_context():
            try:
                return act()
            except ClinicError as refused:
                return refused


def race(app: Flask, acts: Sequence[Callable[[], Any]]) -> list[Any]:
    """What everybody gets who starts at the same instant, in the order of `acts`."""
    start = Barrier(len(acts))

    def from_the_line(act: Callable[[], Any]) -> Callable[[], Any]:
        def run() -> Any:
            start.wait(PATIENCE)
            return act()

        return run

    with Crowd(app, len(acts)) as crowd:
        return [going.result() for going in [crowd.send(from_the_line(act)) for act in acts]]


def refused(results: Sequence[Any], kind: type[ClinicError] = ClinicError) -> list[ClinicError]:
    return [result for result in results if isinstance(result, kind)]


def allowed(results: Sequence[Any]) -> list[Any]:
    return [result for result in results if not isinstance(result, ClinicError)]
