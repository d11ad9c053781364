"""What `hallwatch.toml` may say, and how its mistakes are told."""

import re
from datetime import timedelta
from pathlib import Path

import pytest

from ingest.simulator.options import SimulationOptions
from ingest.simulator.site import site_text
from web.settings import Settings
from web.settings_file import SettingsError, examine, read_settings

ROOT = Path(__file__).resolve().parents[2]
GOOD = """
[[district]]
id = "chancheng"
name = "禅城区"
[[hall]]
id = "cc"
district = "chancheng"
name = "禅城大厅"
hours = [{days = "mon-fri", open = "09:00", close = "12:00"}]
[[counter]]
id = "cc-1"
hall = "cc"
number = 1
[[camera]]
id = "cam"
hall = "cc"
url = "rtsp://192.0.2.1/main"
username = "viewer"
password = "${CAMERA_PASSWORD}"
[[view]]
camera = "cam"
counter = "cc-1"
staff_zone = [[0, 0], [1, 0], [1, 1]]
"""


def read(folder: Path, text: str, environment: dict[str, str] | None = None) -> Settings:
    file = folder / "hallwatch.toml"
    file.write_text(text, "utf-8")
    return read_settings(file, {"CAMERA_PASSWORD": "geheim"} if environment is None else environment)


def problems(folder: Path, text: str) -> list[str]:
    with pytest.raises(SettingsError) as error:
        read(folder, text)
    return [str(problem) for problem in error.value.problems]


def test_a_good_file_is_read(tmp_path: Path) -> None:
    settings = read(tmp_path, GOOD)
    assert settings.camera[0].credentials() == "viewer:geheim"
    assert settings.counter[0].number == "1"
    assert settings.data_dir == tmp_path / "hallwatch-data"


def test_the_spool_has_no_limit_but_the_disk_unless_the_file_sets_one(tmp_path: Path) -> None:
    recorder = read(tmp_path, "").recorder
    assert (recorder.spool_max_bytes, recorder.spool_max_age) == (None, None)
    recorder = read(tmp_path, "[recorder]\nspool_max_gb = 0.5\nspool_max_hours = 36\n").recorder
    assert (recorder.spool_max_bytes, recorder.spool_max_age) == (500_000_000, timedelta(hours=36))
    [problem] = problems(tmp_path, "[recorder]\nspool_max_gb = 0\n")
    assert problem.startswith("recorder.spool_max_gb: ")


def test_an_empty_file_has_defaults_for_everything(tmp_path: Path) -> None:
    settings = read(tmp_path, "")
    assert settings.web.port == 8080
    assert settings.database_url.startswith("sqlite:///")
    assert settings.store_folder == tmp_path / "hallwatch-data" / "store"


def test_the_file_of_the_simulator_is_good(tmp_path: Path) -> None:
    settings = read(tmp_path, site_text(SimulationOptions(cameras=3), 8554))
    assert len(settings.camera) == 3


def test_a_missing_file_says_what_to_run(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="hallwatch init"):
        read_settings(tmp_path / "none.toml")


def test_broken_toml_names_the_line(tmp_path: Path) -> None:
    assert "line 2" in problems(tmp_path, 'data_dir = "a"\n[web\n')[0]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('dat_dir = "x"', "dat_dir: is not a known key → did you mean `data_dir`?"),
        ('[web]\nlisten_on = "x"', "web.listen_on: is not a known key → did you mean `listen`?"),
        ('[web]\nlisten = "8080"', "web.listen: must be host:port"),
        ('[web]\npublic_url = "hall.example"', "web.public_url: must be an address"),
        ('[web]\ntrusted_proxies = ["proxy"]', "web.trusted_proxies: 'proxy' is not an address or network"),
        ('[store]\nkind = "s3"', "store: kind is s3, but endpoint, bucket, access_key, secret_key is missing"),
        ('[store]\nbucket = "B"', "store.bucket: must have 3 to 63 small letters"),
        ('[store]\nendpoint = "http://s3:9000"', "store.endpoint: must be host:port without http://"),
        ("[recorder]\nsegment_seconds = 90", "recorder.segment_seconds: this may be at most 30"),
        ('[watcher]\ndetector = "magic"', "watcher.detector: 'magic' is not known here → use one of 'auto'"),
        ('[[district]]\nid = "a b"\nname = "x"', "district[a b].id: 'a b' is not a valid id"),
        ('[[district]]\nid = "a"', "district[a].name: is missing → add `name = …`"),
        (
            '[database]\nurl = "mysql://hall:secret@db/hall"',
            "database.url: mysql is not supported; use sqlite:///file.db",
        ),
        ('[database]\nurl = "${NOWHERE}"', "database.url: the environment has no variable NOWHERE"),
    ],
)
def test_a_mistake_is_told_with_its_field_and_a_remedy(tmp_path: Path, text: str, said: str) -> None:
    [problem] = problems(tmp_path, text)
    assert problem.startswith(said)
    assert " → " in problem


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ('counter = "cc-1"', 'counter = "cc-2"', "view[1].counter: there is no counter `cc-2` → did you mean `cc-1`?"),
        ("[[0, 0], [1, 0], [1, 1]]", "[[0, 0], [1, 0]]", "view[1].staff_zone: a zone needs 3 to 64 corners"),
        ("[1, 1]]", "[1, 1.5]]", "view[1].staff_zone: corner 3 is [1, 1.5]"),
        ("[1, 1]]", "[1, 1]]\nvalid_from = 2026-03-02T09:00:00", "view[1].valid_from: this needs a time and its zone"),
        ("[1, 0], [1, 1]]", "[0.5, 0], [1, 0]]", "view[1].staff_zone: the corners enclose nothing"),
        ("[1, 0], [1, 1]]", "[1, 1], [1, 0], [0, 0.6]]", "view[1].staff_zone: the sides that begin at corners 1 and 3"),
        ('district = "chancheng"', 'district = "nanhai"', "hall[cc].district: there is no district `nanhai`"),
        ('url = "rtsp://', 'url = "http://', "camera[cam].url: this has to be an RTSP address"),
        ("rtsp://192", "rtsp://me:secret@192", "camera[cam].url: the address must not carry a user name or password"),
        ("/main", "/user=a&password=b/1", "camera[cam].url: the path of the address holds a password"),
        ("/main", "/video?loginuse=a&loginpas=b", "camera[cam].url: the path of the address holds a password"),
        ('id = "cam"', 'id = "quarantine"', "camera[quarantine].id: “quarantine” is a name that the spool needs"),
        ('username = "viewer"', "", "camera[cam]: a password is given without a user name → "),
        ("mon-fri", "mo-fr", "hall[cc].hours[1].days: “mo-fr” is not a day"),
        ('close = "12:00"', 'close = "08:00"', "hall[cc].hours[1]: closes at 08:00, which is not after 09:00"),
        ('open = "09:00"', 'open = "9"', "hall[cc].hours[1].open: '9' is not a time of day"),
    ],
)
def test_a_mistake_in_a_place_is_told(tmp_path: Path, before: str, after: str, said: str) -> None:
    assert before in GOOD
    found = problems(tmp_path, GOOD.replace(before, after))
    assert any(problem.startswith(said) for problem in found), found


def test_all_mistakes_are_told_at_once(tmp_path: Path) -> None:
    text = GOOD + '[web]\nlisten = "x"\n[[counter]]\nid = "cc-2"\n'
    assert len(problems(tmp_path, text)) == 3


def test_a_wrong_value_hides_no_lost_reference_and_causes_none(tmp_path: Path) -> None:
    text = GOOD.replace("[1, 1]]", "[1, 1.5]]").replace('counter = "cc-1"', 'counter = "cc-9"').replace("mon-fri", "mo")
    fields = [problem.partition(":")[0] for problem in problems(tmp_path, text)]
    assert fields == ["hall[cc].hours[1].days", "view[1].staff_zone", "view[1].counter"]


def test_what_is_right_can_be_used_although_something_is_wrong(tmp_path: Path) -> None:
    file = tmp_path / "hallwatch.toml"
    camera = '[[camera]]\nid = "cam-2"\nhall = "cc"\nurl = "http://192.0.2.2"\n'
    file.write_text(GOOD + camera + '[store]\nkind = "tape"\n', "utf-8")
    found = examine(file, {"CAMERA_PASSWORD": "geheim"})
    assert [camera.id for camera in found.settings.camera] == ["cam"]
    assert found.wrong == {"store"}
    assert len(found.problems) == 2


def test_an_unset_variable_is_told_with_the_entry_that_names_it_and_once(tmp_path: Path) -> None:
    with pytest.raises(SettingsError) as error:
        read(tmp_path, GOOD.replace("rtsp://192.0.2.1/main", "${CAMERA}"), {"CAMERA_PASSWORD": "geheim"})
    assert [problem.field for problem in error.value.problems] == ["camera[cam].url"]


def test_the_file_of_a_database_is_taken_from_where_the_configuration_lies(tmp_path: Path) -> None:
    settings = read(tmp_path, '[database]\nurl = "sqlite:///kept/hall.db"\n')
    assert settings.database_url == f"sqlite:///{tmp_path}/kept/hall.db"
    assert read(tmp_path, '[database]\nurl = "sqlite:////srv/hall.db"\n').database_url == "sqlite:////srv/hall.db"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("data_dir = 5", "data_dir: this has to be a path → correct the value"),
        ("store = 5", "store: is not a section → write it as [store] with its keys below"),
        ("hall = [5]", "hall[1]: is not a section → write it as [[hall]] with its keys below"),
        ('[[counter]]\nid = ""', "counter[1].id: this is needed → correct the value"),
        ("[[hall]]\nname = 5", "hall[5].name: this has to be text → correct the value"),
        ('[[hall]]\ncolour = "red"', "hall[1].colour: is not a known key → remove it; known here: id, "),
        ('[[hall]]\nnmae = "x"', "hall[1].nmae: is not a known key → did you mean `name`?"),
        ('colour = "red"', "colour: is not a known key → remove it; known here: "),
    ],
)
def test_a_mistake_is_told_in_words_for_people(tmp_path: Path, text: str, said: str) -> None:
    assert any(problem.startswith(said) for problem in problems(tmp_path, text)), problems(tmp_path, text)


def test_ids_are_unique(tmp_path: Path) -> None:
    twice = GOOD + '[[counter]]\nid = "cc-1"\nhall = "cc"\nnumber = "2"\n'
    assert problems(tmp_path, twice)[0].startswith("counter[cc-1].id: is used 2 times")


def test_a_mask_is_of_a_camera_that_there_is_and_its_reason_tells_it_from_the_others(tmp_path: Path) -> None:
    mask = '[[mask]]\ncamera = "cam"\nreason = "door"\npolygon = [[0, 0], [0.3, 0], [0.3, 0.4]]\n'
    assert read(tmp_path, GOOD + mask + mask.replace("door", "screen")).mask[1].reason == "screen"
    assert problems(tmp_path, GOOD + 2 * mask)[0].startswith("mask[cam/door].reason: is used 2 times")
    assert problems(tmp_path, GOOD + mask.replace('"cam"', '"came"'))[0].startswith(
        "mask[1].camera: there is no camera"
    )
    assert problems(tmp_path, GOOD + mask.replace('"door"', '""')) == [
        "mask[1].reason: this is needed → correct the value"
    ]


@pytest.mark.parametrize("number", ["1", '"1"', '" 1 "'])
def test_a_number_is_used_once_in_a_hall(tmp_path: Path, number: str) -> None:
    other = f'[[counter]]\nid = "cc-2"\nhall = "cc"\nnumber = {number}\n'
    said = "counter[cc-2].number: counter `cc-1` of hall `cc` has number 1 too → give one of the two another number"
    assert problems(tmp_path, GOOD + other) == [said]
    elsewhere = '[[hall]]\nid = "nh"\ndistrict = "chancheng"\nname = "n"\n' + other.replace('"cc"', '"nh"')
    assert len(read(tmp_path, GOOD + elsewhere).counter) == 2


def test_a_camera_sees_only_counters_of_its_hall(tmp_path: Path) -> None:
    other = (
        '[[hall]]\nid = "nh"\ndistrict = "chancheng"\nname = "n"\n[[counter]]\nid = "nh-1"\nhall = "nh"\nnumber = "1"\n'
    )
    text = (GOOD + other).replace('counter = "cc-1"', 'counter = "nh-1"')
    assert "a camera sees counters of its own hall only" in problems(tmp_path, text)[0]


def test_no_mistake_repeats_a_password(tmp_path: Path) -> None:
    text = GOOD.replace("rtsp://192", "rtsp://me:secret@192").replace('id = "cam"', 'id = "cam cam"')
    assert not any("geheim" in problem or "secret" in problem for problem in problems(tmp_path, text))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[web]\nlisten = 127.0.0.1\n", "is not TOML in line 2, column "),
        ("data_dir", "is not TOML at the end of the file: Expected '=' after a key in a key/value pair → add what is"),
        ('\ndata_dir = "x\n', "is not TOML in line 2, column 14: Illegal character '\\n' → mend line 2"),
        ('data_dir = """x', "is not TOML at the end of the file: Unterminated string → add what is missing there"),
        ("hall = [", "is not TOML at the end of the file: "),
    ],
)
def test_where_a_file_is_not_toml_is_said(tmp_path: Path, text: str, said: str) -> None:
    [problem] = problems(tmp_path, text)
    assert problem.startswith(said)
    assert "(at " not in problem


def test_the_inbox_lies_where_the_file_says_and_its_bucket_is_not_that_of_the_footage(tmp_path: Path) -> None:
    s3 = '[store]\nkind = "s3"\nendpoint = "s3:9000"\nbucket = "footage"\naccess_key = "a"\nsecret_key = "b"\n'
    assert not read(tmp_path, "").inbox.is_used
    assert read(tmp_path, '[inbox]\nfolder = "in"\n').inbox_folder == tmp_path / "in"
    dropped = read(tmp_path, f'{s3}[inbox]\nbucket = "dropped"\n')
    assert dropped.inbox.is_used
    assert dropped.inbox_folder == tmp_path / "hallwatch-data" / "inbox"
    [problem] = problems(tmp_path, '[inbox]\nbucket = "dropped"\n')
    assert "store.kind is folder" in problem
    [problem] = problems(tmp_path, f'{s3}[inbox]\nbucket = "footage"\n')
    assert "must be another than store.bucket" in problem


def test_the_file_that_the_way_to_a_real_site_leads_to_is_in_order(tmp_path: Path) -> None:
    """Its sections follow each other as somebody adds them; one that is there already is changed."""
    way = (ROOT / "docs" / "how-to" / "real-site.md").read_text("utf-8")
    blocks = re.findall(r"^```toml\n(.*?)^```", way, re.DOTALL | re.MULTILINE)
    sections = [section.strip() for block in blocks for section in block.split("\n\n")]
    changed = {section.splitlines()[0]: section for section in sections if re.match(r"\[\w", section)}
    others = [section for section in sections if section not in changed.values() and not re.match(r"\[\w", section)]
    file = tmp_path / "hallwatch.toml"
    file.write_text("\n\n".join([*others[:1], *changed.values(), *others[1:]]), "utf-8")
    names = ("HALLWATCH_DB_PASSWORD", "CAMERA_PASSWORD", "CC_PLATFORM_KEY")
    found = examine(file, dict.fromkeys(names, "a secret of some length"))
    assert [str(problem) for problem in found.problems] == []
    assert found.settings.database.url.get_secret_value().startswith("postgresql://")
    before_init = way.partition("    hallwatch init\n")[0]
    assert "[database]" in before_init, "what `init` makes is made where the data shall be"
