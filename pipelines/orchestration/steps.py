"""Tell a terminal which steps of a run have ended."""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

import dagster as dg

# Told the name of a step, and the seconds it took.
Report = Callable[[str, float], None]


def _nobody(step: str, seconds: float) -> None:
    """Report to nobody."""


_listener: ContextVar[Report] = ContextVar("listener", default=_nobody)


@contextmanager
def reporting(report: Report) -> Iterator[None]:
    """Have the steps that end within the block reported."""
    token = _listener.set(report)
    try:
        yield
    finally:
        _listener.reset(token)


class _Steps(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        event = getattr(record, "dagster_meta", {}).get("dagster_event")
        if event is not None and event.is_step_success:
            _listener.get()(event.step_key, event.event_specific_data.duration_ms / 1000)


def _logger(init_context: dg.InitLoggerContext) -> logging.Logger:
    logger = logging.Logger("steps", level=logging.DEBUG)
    logger.addHandler(_Steps())
    return logger


# In place of Dagster's console log, which says far more than a person reads.
steps_logger = dg.LoggerDefinition(
    _logger, config_schema={}, description="Only the steps that end, for the terminal."
)
