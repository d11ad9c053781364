"""The form by which somebody decides a draft of somebody else, whatever it is a draft of."""

from starlette.datastructures import FormData

from correlation.proposals import Act
from web.pages.admin.forms import text
from web.proposing import Decision

DONE = {Act.APPROVE: "approved", Act.RETURN: "sent_back", Act.WITHDRAW: "withdrawn"}
"""What the page says afterwards."""


def decision_of(form: FormData) -> Decision:
    """Raises ValidationError."""
    return Decision.model_validate({"act": text(form, "act"), "reason": text(form, "reason")})
