"""A server that speaks the part of Stripe's HTTP API that Docket uses, with a memory.

For laptops, demos and tests: the same library and the same code run against it as in production.
It knows nothing of Docket and takes no real card. `python -m sandbox` starts it.
"""

from sandbox.server import Settings, create_sandbox

__all__ = ["Settings", "create_sandbox"]
