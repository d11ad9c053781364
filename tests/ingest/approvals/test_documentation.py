"""The reference says what the code does."""

import re
import tomllib
from pathlib import Path

from ingest.approvals.formats import read_rows
from ingest.approvals.mapping import MappingFile
from ingest.approvals.records import StepRow
from ingest.approvals.reports import BatchReport

DOCS = Path(__file__).parents[3] / "docs"
REFERENCE = (DOCS / "reference" / "exchange-format.md").read_text("utf-8")
HOW_TO = (DOCS / "how-to" / "import-cases.md").read_text("utf-8")


def table() -> dict[str, list[str]]:
    rows = re.findall(r"^\| `(\w+)` \|(.*)\|$", REFERENCE, re.MULTILINE)
    return {field: [cell.strip() for cell in rest.split(" | ")] for field, rest in rows}


def test_the_reference_lists_every_field_and_no_other() -> None:
    assert list(table()) == list(StepRow.model_fields)


def test_the_reference_says_which_fields_are_needed() -> None:
    needed = {field for field, cells in table().items() if cells[0].startswith("yes")}
    assert needed == {name for name, field in StepRow.model_fields.items() if field.is_required()}


def test_the_examples_of_the_reference_are_a_good_row() -> None:
    row = {field: cells[-1].strip("` ") for field, cells in table().items()}
    ((_, parsed),) = read_rows([row])
    assert isinstance(parsed, StepRow)


def test_the_report_in_the_reference_has_the_fields_of_a_report() -> None:
    assert set(re.findall(r'"(\w+)":', re.findall(r'^\{"batch_id".*$', REFERENCE, re.MULTILINE)[0])) == set(
        BatchReport(None).as_json()
    )


def test_the_mapping_in_the_guide_is_one_and_shows_every_key() -> None:
    example = re.findall(r"^```toml\n(empty.*?)^```", HOW_TO, re.MULTILINE | re.DOTALL)[0]
    shown = tomllib.loads(example)
    MappingFile.model_validate(shown)
    assert set(shown) == set(MappingFile.model_fields)
