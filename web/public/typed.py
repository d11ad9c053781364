"""What strangers type."""

from typing import Annotated

from fastapi import Query
from pydantic import AfterValidator


def readable(text: str) -> str:
    """Without signs that nobody types and some databases do not take."""
    return "".join(sign for sign in text if sign.isprintable() or sign in "\n\t")


SearchText = Annotated[str, Query(max_length=100), AfterValidator(readable)]
