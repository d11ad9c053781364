"""A formula as the text of its file, to be changed."""

import json
from datetime import date
from enum import StrEnum
from typing import Any

from correlation.evaluation.formula import Formula


def as_text(formula: Formula) -> str:
    """TOML that `parse_formulas` reads as the same formula."""
    said = formula.model_dump(exclude_none=True)
    indicators = said.pop("indicators")
    lines = ["[[formula]]", *_fields(said)]
    for each in indicators:
        lines += ["", "[[formula.indicators]]", *_fields(each)]
    return "\n".join(lines) + "\n"


def _fields(said: dict[str, Any]) -> list[str]:
    return [f"{name} = {_value(value)}" for name, value in said.items()]


def _value(value: Any) -> str:  # noqa: ANN401 (of a model)
    if isinstance(value, dict):
        return f"{{ {', '.join(_fields(value))} }}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_value, value))}]"
    if isinstance(value, StrEnum):
        return _value(value.value)
    if isinstance(value, str):
        # JSON writes text as TOML does, but for the one control character that it leaves alone.
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    return value.isoformat() if isinstance(value, date) else repr(value)
