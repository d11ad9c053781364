"""Numbers of rows in addresses."""

from typing import Annotated

from fastapi import Path

RowId = Annotated[int, Path(ge=0, le=2**63 - 1)]
"""No database has a larger one: an address with it leads nowhere (404)."""
