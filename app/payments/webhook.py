"""What Stripe tells by itself."""

from __future__ import annotations

from flask import Response, current_app, make_response, request

from app.checkout import events
from app.checkout.gateway import GatewayDown, GatewayRefused, NotGenuine
from app.payments import bp
from app.payments.till import till
from app.security import by_address_alone, public, quiet

LONGEST_EVENT = 1024 * 1024


@bp.post("/stripe-webhook/")
@public
@quiet
@by_address_alone
def stripe_webhook() -> Response:
    """Do what a signed event calls for: 200 once it is done, or is none of our business; 400 for
    what Stripe has not signed; 503 to be told again."""
    body = request.get_data()
    if len(body) > LONGEST_EVENT:
        return make_response("", 413)
    try:
        gateway = till().gateway
        event = gateway.event(body, request.headers.get("Stripe-Signature", ""))
    except (NotGenuine, GatewayRefused) as refused:
        current_app.logger.warning("An event was refused: %s", refused.sentence)
        return make_response("", 400)
    try:
        events.handle(gateway, event)
    except GatewayDown:
        return make_response("", 503)
    return make_response("", 200)
