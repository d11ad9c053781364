"""A form that was refused, shown once more on its page: what was typed, and what is wrong beside each field."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from pydantic import ValidationError
from starlette.datastructures import FormData, QueryParams

from storage.sayings import Saying
from web.errors import Conflict, Unprocessable, WebError
from web.field_problems import FieldProblem


@dataclass(frozen=True)
class Typed:
    """One form of a page; without problems it is yet to be filled in."""

    name: str = ""
    """Which form of the page."""
    values: Mapping[str, str] = field(default_factory=dict)
    problems: Mapping[str, Saying] = field(default_factory=dict)
    """By field, the first of each; under a name that the form does not have what concerns the whole."""

    @staticmethod
    def refused(
        name: str,
        form: FormData | QueryParams,
        error: ValidationError | Unprocessable | Conflict,
        fields: Mapping[str, str] | None = None,
    ) -> "Typed":
        """`fields`: what the form calls the fields that a program calls otherwise. A conflict concerns the whole."""
        if isinstance(error, Conflict):
            said = error.detail if isinstance(error.detail, Saying) else Saying(error.detail)
            return Typed(name, typed_values(form), {"": said})
        found = error.fields if isinstance(error, Unprocessable) else tuple(map(FieldProblem.of, error.errors()))
        problems: dict[str, Saying] = {}
        for each in found:
            problems.setdefault((fields or {}).get(each.field, each.field), each.problem)
        return Typed(name, typed_values(form), problems or {"": Saying(str(error))})

    def value(self, field_name: str, otherwise: object = "") -> object:
        """What was typed, or what stands there before anybody types."""
        return self.values.get(field_name, "") if self.problems else otherwise

    def problem(self, field_name: str) -> str:
        return self.problems.get(field_name, "")

    def of_the_whole(self, *field_names: str) -> tuple[Saying, ...]:
        """What is wrong with none of these fields."""
        return tuple(problem for name, problem in self.problems.items() if name not in field_names)


def status_of(error: ValidationError | Unprocessable | Conflict) -> int:
    """With which the page is shown once more."""
    return error.status if isinstance(error, WebError) else Unprocessable.status


def typed_values(form: FormData | QueryParams) -> dict[str, str]:
    """By field, without what no person types."""
    return {key: value for key, value in form.items() if isinstance(value, str) and key != "csrf"}
