"""A process loads what it needs: to load more is most of what a short one does, and its memory for good."""

import subprocess
import sys

import pytest

from tests.servers import LIMIT_S
from web.cli import NAMES

FRAMEWORK = {"fastapi", "uvicorn", "jinja2"}
PICTURES = {"cv2", "numpy", "av"}
TABLES = {"sqlalchemy", "pydantic", "storage"}


@pytest.mark.parametrize(
    ("statement", "needless"),
    [
        ("import web.cli", FRAMEWORK | PICTURES | TABLES | {f"web.commands.{name}" for name in NAMES}),
        ("from web.cli import Commands; Commands()['simulate']", FRAMEWORK | TABLES),
        ("from web.cli import Commands; Commands()['serve']; import web.roles", FRAMEWORK | PICTURES | {"apprise"}),
    ],
    ids=["the command line", "the simulator", "the roles and what starts them"],
)
def test_what_is_not_needed_is_not_loaded(statement: str, needless: set[str]) -> None:
    asked = f"{statement}; import sys; print(*sys.modules, sep='\\n')"
    done = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True, timeout=LIMIT_S)
    assert needless.isdisjoint(done.stdout.splitlines())
