"""Errors in the shape of Stripe's."""

from __future__ import annotations

from typing import Any


class ApiError(Exception):
    """A request that is refused: the status, and the error object of the answer."""

    def __init__(
        self,
        message: str,
        *,
        param: str | None = None,
        code: str | None = None,
        status: int = 400,
        kind: str = "invalid_request_error",
    ) -> None:
        super().__init__(message)
        self.status = status
        self.error: dict[str, Any] = {"type": kind, "message": message}
        if code is not None:
            self.error["code"] = code
        if param is not None:
            self.error["param"] = param


def missing(param: str) -> ApiError:
    """A parameter is not there."""
    return ApiError(
        f"Missing required param: {param}.", param=param, code="parameter_missing", status=400
    )


def no_such(what: str, number: object, param: str = "id") -> ApiError:
    """There is no object of that id."""
    return ApiError(f"No such {what}: '{number}'", param=param, code="resource_missing", status=404)
