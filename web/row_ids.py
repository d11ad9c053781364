"""Numbers of rows in addresses."""

from typing import Annotated

from fastapi import Path

LARGEST_ID = 2**63 - 1
"""No database has a larger one."""
RowId = Annotated[int, Path(ge=0, le=LARGEST_ID)]
"""An address with a larger one leads nowhere (404)."""
