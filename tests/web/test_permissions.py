"""The table in the documentation is the table in the code."""

import re
from itertools import takewhile
from pathlib import Path

from storage.models import Role
from web.permissions import PERMISSIONS, Permission, home_path

REFERENCE = Path(__file__).resolve().parents[2] / "docs" / "reference" / "permissions.md"


def documented() -> dict[Permission, set[Role]]:
    lines = REFERENCE.read_text("utf-8").splitlines()
    begin = next(number for number, line in enumerate(lines) if line.startswith("| permission "))
    roles = [Role(cell.strip()) for cell in lines[begin].strip("|").split("|")[2:]]
    found = {}
    for line in takewhile(lambda line: line.startswith("|"), lines[begin:]):
        if row := re.match(r"\| `(\w+)` \|", line):
            marks = line.strip("|").split("|")[2:]
            found[Permission(row[1])] = {role for role, mark in zip(roles, marks, strict=True) if "✓" in mark}
    return found


def test_the_documented_table_is_the_real_one() -> None:
    assert documented() == {
        permission: {role for role in Role if permission in PERMISSIONS[role]} for permission in Permission
    }


def test_every_role_has_a_first_page() -> None:
    assert {role: home_path(role) for role in Role} == {
        Role.SUPERVISOR: "/",
        Role.INSPECTOR: "/cases",
        Role.INVESTIGATOR: "/",
        Role.DEPARTMENT: "/cases",
        Role.ADMIN: "/",
    }


def test_only_administrators_administer() -> None:
    for permission in (Permission.ADMIN, Permission.HEALTH):
        assert [role for role in Role if permission in PERMISSIONS[role]] == [Role.ADMIN]
