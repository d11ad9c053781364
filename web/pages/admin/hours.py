"""Opening hours as lines of text: mon-fri 09:00-12:00."""

import re
from collections.abc import Sequence

from pydantic import ValidationError

from storage.sayings import Saying
from web.declarations import Hours
from web.field_problems import FieldProblem

_LINE = re.compile(r"(?P<days>.*\S)\s+(?P<open>[\d:]+)\s*[-–]\s*(?P<close>[\d:]+)")


def written_hours(hours: Sequence[Hours]) -> list[str]:
    """Spans that several days share stand on one line: mon,tue,wed 09:00-12:00."""
    days: dict[str, list[str]] = {}
    for span in hours:
        days.setdefault(f"{span.open}-{span.close}", []).append(span.days)
    return [f"{_joined(names)} {span}" for span, names in days.items()]


def _joined(names: list[str]) -> str:
    return {"mon,tue,wed,thu,fri": "mon-fri", "mon,tue,wed,thu,fri,sat,sun": "mon-sun"}.get(
        ",".join(names), ",".join(names)
    )


def read_hours(lines: str) -> tuple[Hours, ...]:
    """Raises ValueError naming the line."""
    return tuple(_read_span(n, line.strip()) for n, line in enumerate(lines.splitlines(), start=1) if line.strip())


def _read_span(number: int, line: str) -> Hours:
    parts = _LINE.fullmatch(line)
    if parts is None:
        raise _unreadable(number, Saying("“%(line)s” is not days, a blank and a span of time", line=line[:60]))
    try:
        return Hours.model_validate(parts.groupdict())
    except ValidationError as error:
        raise _unreadable(number, FieldProblem.of(error.errors()[0]).problem) from None


def _unreadable(number: int, reason: Saying) -> ValueError:
    return ValueError(
        Saying(
            "Line %(number)s: %(reason)s. Write it like mon-fri 09:00-12:00 or sat,sun 10:00-16:00.",
            number=number,
            reason=reason,
        )
    )
