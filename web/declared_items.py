"""Items and the sources that report their cases, as they are declared: in the configuration file, by page or by API."""

from datetime import date
from typing import Annotated, Self

from pydantic import Field, SecretStr, field_validator, model_validator

from storage.sayings import Saying
from web.declared_values import Id, Name, OptionalName, Strict

_MIN_KEY = 16


class ItemDeclaration(Strict):
    code: Annotated[str, Field(min_length=1, max_length=100)]
    name: Name
    name_en: OptionalName = ""
    department: Id | None = None
    legal_days: Annotated[int, Field(ge=0, le=3650)] | None = None
    promised_days: Annotated[int, Field(ge=0, le=3650)] | None = None
    joint: bool = False
    """Several departments handle it jointly."""
    limits_from: date | None = None
    """They hold for cases received from that day on; not said: for all."""

    @model_validator(mode="after")
    def _promises_what_the_law_allows(self) -> Self:
        if self.legal_days is not None and self.promised_days is not None and self.promised_days > self.legal_days:
            raise ValueError(Saying("The promised limit is longer than the limit by law."))
        return self


class SourceDeclaration(Strict):
    """An approval platform; `key` lets it push, `counters` maps what it calls a counter to the counter's id."""

    id: Id
    name: OptionalName = ""
    hall: Id | None = None
    key: SecretStr | None = None
    """Not said: the stored one stays; empty: none, and it may not push."""
    counters: dict[str, Id] = Field(default={})
    silent_after_minutes: Annotated[int, Field(ge=1, le=60 * 24 * 14)] | None = None
    """Working minutes after its last batch until that it is silent is an alert; not said: it may be silent."""

    @field_validator("key")
    @classmethod
    def _key_is_long(cls, key: SecretStr | None) -> SecretStr | None:
        if key and len(key.get_secret_value()) < _MIN_KEY:
            raise ValueError(Saying("A push key has at least %(least)s characters.", least=_MIN_KEY))
        return key
