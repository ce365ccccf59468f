"""When more people come than can be served, what changes something goes first."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from threading import Event, Thread
from typing import Any

import pytest

from app.turns import ELSEWHERE, MOST_ELSEWHERE, Turns

PATIENCE = 10


class Desk:
    """A WSGI application that serves its first visitor until it is told to go on."""

    def __init__(self) -> None:
        self.served: list[str] = []
        self.busy, self.go_on = Event(), Event()

    def __call__(self, environ: dict[str, Any], _start: Any) -> list[bytes]:
        self.served.append(environ["PATH_INFO"])
        if environ["PATH_INFO"] in {"first", "/pay/"}:
            self.busy.set()
            assert self.go_on.wait(PATIENCE)
        if environ["PATH_INFO"] == "broken":
            raise ValueError
        return [environ["wsgi.input"].read()]


def visit(turns: Turns, name: str, method: str = "GET", *, fragment: bool = False) -> Thread:
    environ = {"REQUEST_METHOD": method, "PATH_INFO": name, "wsgi.input": BytesIO()}
    if fragment:
        environ["HTTP_HX_REQUEST"] = "true"
    thread = Thread(target=turns, args=(environ, None), daemon=True)
    before = turns.waiting
    thread.start()
    while name != "first" and turns.waiting == before:
        thread.join(0.001)
    return thread


@contextmanager
def a_busy_desk() -> Iterator[tuple[Desk, Turns, list[Thread]]]:
    desk = Desk()
    turns = Turns(desk, at_once=1, longest_body=100)
    threads = [visit(turns, "first")]
    assert desk.busy.wait(PATIENCE)
    yield desk, turns, threads
    desk.go_on.set()
    for thread in threads:
        thread.join(PATIENCE)
        assert not thread.is_alive()


def test_a_change_goes_before_a_page_and_a_page_before_a_fragment() -> None:
    with a_busy_desk() as (desk, turns, threads):
        threads.append(visit(turns, "fragment", fragment=True))
        threads.append(visit(turns, "page"))
        threads.append(visit(turns, "change", "POST", fragment=True))
    assert desk.served == ["first", "change", "page", "fragment"]


def test_equals_are_served_in_the_order_in_which_they_came() -> None:
    with a_busy_desk() as (desk, turns, threads):
        threads.extend(visit(turns, f"change {n}", "POST") for n in range(5))
    assert desk.served == ["first", *(f"change {n}" for n in range(5))]


def test_whoever_waits_longest_is_served_though_changes_keep_coming() -> None:
    with a_busy_desk() as (desk, turns, threads):
        threads.append(visit(turns, "fragment", fragment=True))
        threads.extend(visit(turns, f"change {n}", "POST") for n in range(20))
    assert desk.served.index("fragment") < 10


def test_a_fault_gives_its_turn_back() -> None:
    desk = Desk()
    turns = Turns(desk, at_once=1, longest_body=100)
    with pytest.raises(ValueError):
        turns({"REQUEST_METHOD": "GET", "PATH_INFO": "broken"}, lambda *_: None)  # type: ignore[arg-type]
    visit(turns, "first")
    assert desk.busy.wait(PATIENCE)
    desk.go_on.set()


class Line:
    """A request's body that arrives when it is asked for, and remembers how much was."""

    def __init__(self) -> None:
        self.asked: list[int] = []

    def read(self, size: int = -1) -> bytes:
        self.asked.append(size)
        return b"x" * max(size, 0)


@pytest.mark.parametrize(
    ("length", "asked"), [("100", [100]), ("101", []), ("-1", []), ("", []), ("²", [])]
)
def test_a_body_is_read_before_the_turn_unless_it_is_too_long(
    length: str, asked: list[int]
) -> None:
    line, asked_before = Line(), []

    def app(_environ: Any, _start: Any) -> list[bytes]:
        asked_before.extend(line.asked)
        return []

    environ = {"REQUEST_METHOD": "POST", "CONTENT_LENGTH": length, "wsgi.input": line}
    Turns(app, at_once=1, longest_body=100)(environ, lambda *_: None)  # type: ignore[arg-type]
    assert asked_before == asked


def test_a_body_of_unknown_length_is_read_before_the_turn_too_as_far_as_is_allowed() -> None:
    line, asked_before = Line(), []

    def app(_environ: Any, _start: Any) -> list[bytes]:
        asked_before.extend(line.asked)
        return []

    environ = {"REQUEST_METHOD": "POST", "HTTP_TRANSFER_ENCODING": "chunked", "wsgi.input": line}
    environ["wsgi.input_terminated"] = True
    Turns(app, at_once=1, longest_body=100)(environ, lambda *_: None)  # type: ignore[arg-type]
    assert asked_before == [101]


def ask(turns: Turns, method: str, path: str) -> str:
    """The status that a request is answered with; empty if the application answered."""
    said: list[str] = []
    environ = {"REQUEST_METHOD": method, "PATH_INFO": path, "wsgi.input": BytesIO()}
    turns(environ, lambda status, _: said.append(status))  # type: ignore[arg-type]
    return "".join(said)


@contextmanager
def a_slow_gateway() -> Iterator[tuple[Desk, Turns]]:
    """As many people pay as may wait for it."""
    desk = Desk()
    turns = Turns(desk, at_once=1, longest_body=100)
    threads = [
        Thread(target=ask, args=(turns, "POST", "/pay/"), daemon=True)
        for _ in range(MOST_ELSEWHERE)
    ]
    for thread in threads:
        thread.start()
    while len(desk.served) < MOST_ELSEWHERE:
        threads[0].join(0.001)
    yield desk, turns
    desk.go_on.set()
    for thread in threads:
        thread.join(PATIENCE)
        assert not thread.is_alive()


def test_only_so_many_wait_for_a_gateway_and_the_next_come_back_later() -> None:
    with a_slow_gateway() as (desk, turns):
        assert {ask(turns, *way) for way in ELSEWHERE} == {"503 Service Unavailable"}
        assert ask(turns, "GET", "/") == "", "who does not pay is served meanwhile"
        assert desk.served.count("/") == 1
    assert ask(turns, "GET", "/payment-success/") == "", "they have made room"


def test_a_fault_at_the_gateway_makes_room_again() -> None:
    turns = Turns(Desk(), at_once=1, longest_body=100)
    turns.app = lambda *_: 1 / 0  # type: ignore[assignment]
    for _ in range(MOST_ELSEWHERE + 1):
        with pytest.raises(ZeroDivisionError):
            ask(turns, "POST", "/stripe-webhook/")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/pay/"),
        ("OPTIONS", "/pay/"),
        ("PUT", "/stripe-webhook/"),
        ("OPTIONS", "/payment-success/"),
        ("POST", "/pay/../"),
        ("POST", "/pay/../admin/"),
        ("POST", "/pay//"),
        ("POST", "//pay/"),
        ("POST", "/PAY/"),
        ("GET", "/payment-success"),
        ("GET", "/payment-success/../"),
        ("GET", "/payment-success/anything/"),
    ],
)
def test_what_only_looks_like_paying_waits_its_turn(method: str, path: str) -> None:
    with a_busy_desk() as (desk, turns, threads):
        threads.append(visit(turns, path, method))
        assert path not in desk.served
    assert desk.served[-1] == path
