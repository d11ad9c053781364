"""What a source calls the counters, as lines of text: A03 = cc-3."""

from collections.abc import Mapping

from storage.sayings import Saying


def written_aliases(counters: Mapping[str, str]) -> list[str]:
    return [f"{alias} = {counter}" for alias, counter in counters.items()]


def read_aliases(lines: str) -> dict[str, str]:
    """Raises ValueError naming the line."""
    found: dict[str, str] = {}
    for number, line in enumerate(lines.splitlines(), start=1):
        if line.strip():
            alias, counter = _alias(number, line)
            if alias in found:
                raise _unreadable(number, Saying("“%(alias)s” stands there twice", alias=alias[:60]))
            found[alias] = counter
    return found


def _alias(number: int, line: str) -> tuple[str, str]:
    alias, sign, counter = (part.strip() for part in line.partition("="))
    if not sign:
        raise _unreadable(number, Saying("“%(line)s” has no =", line=line[:60]))
    if not alias:
        raise _unreadable(number, Saying("no name stands before the ="))
    if not counter:
        raise _unreadable(number, Saying("no counter stands after the ="))
    return alias, counter


def _unreadable(number: int, reason: Saying) -> ValueError:
    return ValueError(
        Saying(
            "Line %(number)s: %(reason)s. Write the platform's name = the counter's id, like A03 = cc-3.",
            number=number,
            reason=reason,
        )
    )
