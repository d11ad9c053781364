"""Whether somebody else has changed what a form shows since it was opened."""

from collections.abc import Sequence
from hashlib import sha256

from starlette.datastructures import FormData

from storage.sayings import Saying
from web.pages.admin.forms import Field, text

SEEN_FIELD = "seen"
CHANGED_MEANWHILE = Saying(
    "Somebody else has changed this since you opened it, so nothing was saved. Look at it as it is now, or save again "
    "to put what stands here in its place."
)


def mark_of(stored: Sequence[Field]) -> str:
    """Of what is stored: it goes with the form and comes back with what was typed."""
    values = [(field.name, field.value, field.chosen) for field in stored]
    return sha256(repr(values).encode()).hexdigest()[:16]


def changed_meanwhile(form: FormData, stored: Sequence[Field]) -> bool:
    """A form that does not say what it was filled in from is taken at its word."""
    seen = text(form, SEEN_FIELD)
    return bool(seen) and seen != mark_of(stored)
