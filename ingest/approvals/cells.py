"""Typed cells of workbooks and databases as the text that a CSV file would have."""

from datetime import date, datetime
from decimal import Decimal


def cell_text(value: object) -> str:
    """Empty for None; times as ISO 8601; whole numbers without a fraction."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float | Decimal) and value == int(value):
        return str(int(value))
    if isinstance(value, datetime | date):
        return value.isoformat()
    return str(value)
