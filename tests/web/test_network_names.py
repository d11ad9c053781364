"""Nonsense is told from names of hosts and addresses."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.web.test_settings_file import GOOD
from web.network_names import is_host, is_host_and_port, is_web_address
from web.settings_file import SettingsError, settings_in

PULL = '[[source]]\nid = "city"\nhall = "cc"\n[[pull]]\nsource = "city"\nview = "v"\nchanged = "c"\nurl = "{}"\n'
S3 = '[store]\nkind = "s3"\nbucket = "footage"\naccess_key = "a"\nsecret_key = "b"\nendpoint = "{}"\n'


@given(st.text(st.characters(codec="ascii", categories=("L", "N")), min_size=1), st.integers(0, 65_535))
def test_a_name_and_a_port_are_a_place(name: str, port: int) -> None:
    assert is_host(name)
    assert is_host_and_port(f"{name}:{port}")
    assert is_web_address(f"https://{name}.example:{port}/hall")
    assert not is_host_and_port(f"{name}:{port + 65_536}")
    assert not any(map(is_host, (f"{name} {name}", f"{name}/", f"{name}@{name}", "")))


@pytest.mark.parametrize("host", ["::1", "[::1]", "fe80::1%eth0", "192.0.2.1", "s3.大厅.example"])
def test_addresses_of_all_kinds_are_hosts(host: str) -> None:
    assert is_host(host)


@pytest.mark.parametrize(
    ("written", "field"),
    [
        (S3.format("no sense"), "store.endpoint"),
        (S3.format("host:99999"), "store.endpoint"),
        ('[web]\npublic_url = "https://bad host"\n', "web.public_url"),
        ('[web]\npublic_url = "https://host:port"\n', "web.public_url"),
        ('[web]\nlisten = "no sense:80"\n', "web.listen"),
        ('[database]\nurl = "nonsense"\n', "database.url"),
        (PULL.format("nonsense"), "pull[1].url"),
        (PULL.format("http://host/db"), "pull[1].url"),
        (PULL.format("postgresql://u:geheim@host:port/db"), "pull[1].url"),
    ],
)
def test_a_nonsensical_address_is_refused_by_the_name_of_its_field(written: str, field: str, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="→") as refused:
        settings_in(GOOD + written, tmp_path / "hallwatch.toml", {"CAMERA_PASSWORD": "x"})
    [problem] = refused.value.problems
    assert problem.field == field
    assert "geheim" not in str(problem)
