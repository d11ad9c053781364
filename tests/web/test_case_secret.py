"""The secret of a case: the same each time, another for each case and key, and easy to type."""

from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from storage.secrets import SecretBox
from web.case_secret import ALPHABET, LENGTH, case_secret, plain, sources_meant


def test_it_is_the_same_each_time_and_another_for_each_source_number_and_key(tmp_path: Path) -> None:
    box, other = SecretBox(tmp_path / "one.key"), SecretBox(tmp_path / "other.key")
    secret = case_secret(box, "cc", "2026-1")
    assert case_secret(SecretBox(tmp_path / "one.key"), "cc", "2026-1") == secret
    others = {case_secret(box, "cc", "2026-2"), case_secret(box, "nh", "2026-1"), case_secret(other, "cc", "2026-1")}
    assert secret not in others
    assert len(others) == 3


def test_a_number_cannot_be_moved_into_the_name_of_the_source(tmp_path: Path) -> None:
    box = SecretBox(tmp_path / "secret.key")
    assert case_secret(box, "a", "b1") != case_secret(box, "ab", "1")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(number=st.text(max_size=20))
def test_it_is_found_however_it_is_typed(tmp_path: Path, number: str) -> None:
    box = SecretBox(tmp_path / "secret.key")
    secret = case_secret(box, "cc", number)
    assert len(plain(secret)) == LENGTH
    assert set(plain(secret)) <= set(ALPHABET)
    typed = f" {secret.lower().replace('-', ' ').replace('0', 'o').replace('1', 'l')} "
    assert sources_meant(box, ["nh", "cc"], number, typed) == ["cc"]
    assert sources_meant(box, ["nh", "cc"], number, secret[:-1]) == []
    assert sources_meant(box, ["nh", "cc"], number, "") == []
