"""The reference says what the code does."""

import re
import tomllib
from pathlib import Path

import orjson

from ingest.approvals.acceptance import CHUNK, LARGE_CHUNK
from ingest.approvals.mapping import MappingFile
from ingest.approvals.parsing import parse_row
from ingest.approvals.reference import markdown, records
from ingest.approvals.reports import BatchReport
from ingest.approvals.row import Row

DOCS = Path(__file__).parents[3] / "docs"
REFERENCE = (DOCS / "reference" / "exchange-format.md").read_text("utf-8")
HOW_TO = (DOCS / "how-to" / "import-cases.md").read_text("utf-8")


def test_the_tables_of_the_reference_are_those_of_the_models() -> None:
    """Otherwise: run scripts/standard."""
    assert markdown() in REFERENCE


def test_every_field_is_explained_and_every_example_is_a_good_row() -> None:
    for record in records():
        assert all(field.about for _, fields in (("", record.fields), *record.parts) for field in fields)
        parsed = parse_row(orjson.loads(record.example))
        assert isinstance(parsed, Row)
        assert parsed.kind_of_record is record.record


def test_the_report_in_the_reference_has_the_fields_of_a_report() -> None:
    assert set(re.findall(r'"(\w+)":', re.findall(r'^\{"batch_id".*$', REFERENCE, re.MULTILINE)[0])) == set(
        BatchReport(None).as_json()
    )


def test_the_mapping_in_the_guide_is_one_and_shows_every_key() -> None:
    example = re.findall(r"^```toml\n(empty.*?)^```", HOW_TO, re.MULTILINE | re.DOTALL)[0]
    shown = tomllib.loads(example)
    MappingFile.model_validate(shown)
    assert set(shown) == set(MappingFile.model_fields)


def test_how_much_of_a_file_is_one_transaction_is_told() -> None:
    assert f"transactions of {LARGE_CHUNK:,} rows, into SQLite of {CHUNK:,};" in REFERENCE
