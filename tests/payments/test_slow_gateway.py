"""A gateway that takes its time, while many people and events wait for it."""

from __future__ import annotations

import time
from queue import Queue
from threading import Thread

from app.models import AppointmentStatus as Status
from app.turns import COME_BACK_SECONDS, MOST_ELSEWHERE
from sandbox.api import Broken
from sandbox.events import body_of, signature
from tests.checkout.conftest import Desk
from tests.pages import ORIGIN, Visitor
from tests.payments.conftest import pay_at, press_pay, review, the_visit

SLOW_SECONDS = 3
TOO_MANY = 4
PATIENCE = 20


def test_a_slow_gateway_slows_no_other_page_and_the_next_event_comes_back_later(
    desk: Desk, patient: Visitor
) -> None:
    pay_at(desk, press_pay(patient, review(desk, patient)), "card")
    events = desk.sandbox.store.all("event")
    body = body_of(next(one for one in events if one["type"] == "checkout.session.completed"))
    signed = signature(body, "whsec_sandbox", desk.sandbox.now())
    answers: Queue[tuple[int, str | None]] = Queue()

    def tell() -> None:
        answer = desk.app.test_client().post(
            "/stripe-webhook/", data=body, headers={"Stripe-Signature": signed}, base_url=ORIGIN
        )
        answers.put((answer.status_code, answer.headers.get("Retry-After")))

    desk.sandbox.broken = Broken(slow_seconds=SLOW_SECONDS)
    threads = [Thread(target=tell, daemon=True) for _ in range(MOST_ELSEWHERE + TOO_MANY)]
    for thread in threads:
        thread.start()
    sent_away = [answers.get(timeout=PATIENCE) for _ in range(TOO_MANY)]
    assert sent_away == [(503, str(COME_BACK_SECONDS))] * TOO_MANY

    begun = time.monotonic()
    assert desk.app.test_client().get("/prices/", base_url=ORIGIN).status_code == 200
    assert patient.get("/view-appointment/").status == 200
    assert time.monotonic() - begun < SLOW_SECONDS
    assert answers.empty(), "the others wait for the gateway still"

    heard = [answers.get(timeout=PATIENCE)[0] for _ in range(MOST_ELSEWHERE)]
    assert heard == [200] * MOST_ELSEWHERE
    desk.sandbox.broken = Broken()
    assert the_visit(desk).status is Status.CONFIRMED
