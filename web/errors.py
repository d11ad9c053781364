"""Errors that a user meets, each with its web status; `web.error_answers` renders them all."""

from collections.abc import Sequence

from web.field_problems import FieldProblem


class WebError(Exception):
    """Something went wrong."""

    # Programs read the detail as it is; a page shows it where it is a Saying, else its own words for the status.

    status = 500
    code = "error"

    def __init__(self, detail: str = "") -> None:
        super().__init__(detail or (self.__doc__ or ""))
        self.detail = detail or (self.__doc__ or "")


class NotSignedIn(WebError):
    """Sign in first."""

    status = 401
    code = "not_signed_in"


class KeyNeeded(WebError):
    """Send the source's push key as `Authorization: Bearer KEY`."""

    status = 401
    code = "key_needed"


class WrongKey(WebError):
    """The push key is not right. Take the one that was shown when it was made, or have a new one made."""

    status = 401
    code = "wrong_key"


class TokenRefused(WebError):
    """Send `web.metrics_token` of the configuration as `Authorization: Bearer TOKEN`, or sign in as administrator."""

    status = 401
    code = "token_refused"


class Forbidden(WebError):
    """Your role may not do this."""

    status = 403
    code = "forbidden"


class CsrfFailed(WebError):
    """This form is too old or came from another site. Load the page again and repeat."""

    status = 403
    code = "csrf"


class NotFound(WebError):
    """There is nothing here, or it is outside the halls you may see."""

    status = 404
    code = "not_found"


class Conflict(WebError):
    """This contradicts what is already there."""

    status = 409
    code = "conflict"


class TooLarge(WebError):
    """The request is larger than the server accepts."""

    status = 413
    code = "too_large"


class NotAForm(WebError):
    """Send the fields as a form: `application/x-www-form-urlencoded` or `multipart/form-data`."""

    status = 415
    code = "not_a_form"


class Unprocessable(WebError):
    """A value is not valid."""

    status = 422
    code = "not_valid"

    def __init__(self, detail: str = "", fields: Sequence[FieldProblem] = ()) -> None:
        super().__init__(detail)
        self.fields = tuple(fields)


class AlreadyThere(Unprocessable):
    """A new one was to be added, and there is one already; nothing was changed."""

    status = 412
    code = "already_there"


class TooManyAttempts(WebError):
    """Too many attempts to sign in. Wait a few minutes."""

    status = 429
    code = "too_many_attempts"


class TooOften(WebError):
    """Too many requests from this address. Wait a minute."""

    status = 429
    code = "too_often"


class Unavailable(WebError):
    """A part of the product that this needs does not run."""

    status = 503
    code = "unavailable"
