"""The exchange standard for whoever writes the sending side: made of the models, in the reader's language, public."""

from dataclasses import dataclass

from fastapi import APIRouter

from ingest.approvals.reference import RecordShown, records
from web.pages.rendering import add_page

router = APIRouter()


@dataclass(frozen=True)
class StandardPage:
    records: tuple[RecordShown, ...]


def standard_page() -> StandardPage:
    return StandardPage(records())


add_page(router, "/standard", "standard.html", standard_page)
