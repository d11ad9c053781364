"""What the catalogue lists for the fees of a case."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlmodel import Session

from storage.models import Case, Fee
from web.catalogue_shelf import Shelf


@dataclass(frozen=True)
class ListedFee:
    """One fee of the item; `amount` in yuan, 0 where the basis says how it is reckoned."""

    name: str
    amount: str
    basis: str


class ListedFees:
    """Of the item of a case, by what held when it was opened."""

    def __init__(self, session: Session, case: Case, now: datetime) -> None:
        code = case.item_code
        held = Shelf(session, [code]).in_force(code, case.source_id, case.opened_at, now) if code else None
        self._fees: Sequence[Mapping[str, Any]] = held.entry["fees"] if held else ()

    def of(self, fee: Fee) -> ListedFee | None:
        """Compared by code where both have one, else by name, as cards do; None where it lists no such fee."""
        has_codes = bool(fee.code) and any(each["code"] for each in self._fees)
        wanted = ("code", fee.code) if has_codes else ("name", fee.name)
        for each in self._fees:
            if wanted[1] and each[wanted[0]] == wanted[1]:
                return ListedFee(each["name"], each["amount"], each["basis"])
        return None
