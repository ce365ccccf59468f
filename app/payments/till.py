"""Where this installation's patients pay."""

from __future__ import annotations

from flask import current_app

from app.checkout.gateway import GatewayRefused
from app.checkout.starting import Till, till_of
from config import Config


def till() -> Till:
    """The gateway of the configuration. Raises GatewayRefused where online payment is off."""
    config: Config = current_app.config["DOCKET"]
    if not config.takes_payments:
        raise GatewayRefused("Online payment is switched off. Please call the clinic.")
    return till_of(config)
