"""Passwords at rest."""

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from storage.secrets import SecretBox, SecretError


@pytest.fixture
def key_file(tmp_path: Path) -> Path:
    return tmp_path / "data" / "secret.key"


def test_what_is_sealed_opens_again(key_file: Path) -> None:
    token = SecretBox(key_file).seal("admin:密码 with spaces")
    assert "admin" not in token
    assert SecretBox(key_file).open(token) == "admin:密码 with spaces"


def test_only_its_owner_may_read_the_key(key_file: Path) -> None:
    SecretBox(key_file).seal("x")
    assert stat.S_IMODE(key_file.stat().st_mode) == 0o600


def test_the_key_is_made_at_first_use_only(key_file: Path) -> None:
    box = SecretBox(key_file)
    assert box.seal("") == ""
    assert box.open("") == ""
    assert not key_file.exists()


def test_another_key_does_not_open_it(key_file: Path, tmp_path: Path) -> None:
    token = SecretBox(key_file).seal("secret")
    with pytest.raises(SecretError, match="enter the password again"):
        SecretBox(tmp_path / "other.key").open(token)


def test_an_altered_token_does_not_open(key_file: Path) -> None:
    box = SecretBox(key_file)
    token = box.seal("secret")
    with pytest.raises(SecretError):
        box.open(token[:-6] + "AAAA==")


def test_a_key_that_others_may_read_is_refused(key_file: Path) -> None:
    SecretBox(key_file).seal("x")
    key_file.chmod(0o644)
    with pytest.raises(SecretError, match="chmod 600"):
        SecretBox(key_file).seal("x")


def test_a_broken_key_file_is_named(key_file: Path) -> None:
    key_file.parent.mkdir()
    key_file.write_text("not a key")
    key_file.chmod(0o600)
    with pytest.raises(SecretError, match=r"secret\.key cannot be used"):
        SecretBox(key_file).seal("x")


def test_processes_that_start_together_agree_on_one_key(key_file: Path) -> None:
    boxes = [SecretBox(key_file) for _ in range(8)]
    with ThreadPoolExecutor(8) as pool:
        tokens = list(pool.map(lambda box: box.seal("x"), boxes))
    assert {SecretBox(key_file).open(token) for token in tokens} == {"x"}
