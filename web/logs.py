"""Structured logs on standard error: coloured for a terminal, one JSON object per line otherwise."""

import logging
import sys
from collections.abc import MutableMapping
from typing import Any, TextIO

import structlog

_SECRET_NAMES = ("password", "secret", "token", "key_hash", "authorization", "cookie", "credentials", "csrf")


def configure(role: str, *, verbose: bool = False, output: TextIO | None = None) -> None:
    """Every line carries the role that wrote it; libraries' own logs take the same way from WARNING on.

    Without an `output` it is standard error.
    """
    structlog.contextvars.clear_contextvars()
    terminal = (output or sys.stderr).isatty()
    # Plain tracebacks: others show local variables, and with them passwords.
    coloured = structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)
    renderer: Any = coloured if terminal else structlog.processors.JSONRenderer()
    shared: list[Any] = [
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _role_adder(role),
        hide_secrets,
    ]
    if not terminal:  # a terminal's renderer shows tracebacks itself
        shared.append(structlog.processors.format_exc_info)
    structlog.configure(
        processors=[*shared, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(logging.DEBUG if verbose else logging.INFO),
        logger_factory=lambda *_: structlog.PrintLogger(output or sys.stderr),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(output or sys.stderr)
    handler.setFormatter(structlog.stdlib.ProcessorFormatter(processor=renderer, foreign_pre_chain=shared))
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)


def hide_secrets(_logger: object, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """The last line of defence: nobody should log these at all."""
    for name in event:
        if any(secret in name.lower() for secret in _SECRET_NAMES):
            event[name] = "***"
    return event


def _role_adder(role: str) -> Any:  # noqa: ANN401
    def add_role(_logger: object, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        event.setdefault("role", role)
        return event

    return add_role
