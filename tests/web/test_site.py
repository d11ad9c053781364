"""The configuration file and the pages both change places; neither undoes the other."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlmodel import Session, col, select

from storage.database import Database
from storage.models import (
    AbsenceRule,
    AlertKind,
    Camera,
    Case,
    Counter,
    CounterPair,
    Declared,
    FormerLimits,
    Hall,
    Item,
    OpeningHours,
    PrivacyMask,
    Source,
    View,
    ZoneRule,
)
from storage.secrets import SecretBox
from tests.web.conftest import NOON
from tests.web.test_settings_file import GOOD, read
from web.channels import load_channels
from web.declarations import ViewDeclaration
from web.looks import put_view, views_left
from web.places import key_hash
from web.settings import Settings
from web.site import Change, SiteError, apply_site

RULE = '[[absence_rule]]\nhall = "cc"\nthreshold_s = 120\n'
MASK = '[[mask]]\ncamera = "cam"\nreason = "door"\npolygon = [[0, 0], [0.3, 0], [0.3, 0.4]]\n'
SOURCE = '[[source]]\nid = "city"\nkey = "a-key-of-sixteen-or-more"\ncounters = {"3" = "cc-1"}\n'


@pytest.fixture
def secrets(tmp_path: Path) -> SecretBox:
    return SecretBox(tmp_path / "secret.key")


def apply(database: Database, settings: Settings, secrets: SecretBox, hours: int = 0) -> list[Change]:
    with database.transaction() as session:
        return apply_site(session, settings, secrets, b"pepper", NOON + timedelta(hours=hours))


def test_everything_declared_is_there_afterwards(database: Database, tmp_path: Path, secrets: SecretBox) -> None:
    changes = apply(database, read(tmp_path, GOOD + RULE + SOURCE), secrets)
    assert {change.did for change in changes} == {"added"}
    with database.transaction() as session:
        assert secrets.open(session.get_one(Camera, "cam").credentials) == "viewer:geheim"
        assert session.get_one(Source, "city").key_hash == key_hash("a-key-of-sixteen-or-more")
        assert len(session.exec(select(OpeningHours)).all()) == 5


ITEM = '[[item]]\ncode = "JZ-0103"\nname = "{name}"\npromised_days = {days}\n'


def test_limits_of_an_item_with_cases_stay_as_they_are_said_and_its_name_may_change(
    sqlite_database: Database, tmp_path: Path, secrets: SecretBox
) -> None:
    def said(name: str, days: int, hours: int = 0) -> list[Change]:
        settings = read(tmp_path, GOOD + SOURCE + ITEM.format(name=name, days=days))
        return apply(sqlite_database, settings, secrets, hours)

    apply(sqlite_database, read(tmp_path, GOOD + SOURCE), secrets)
    with sqlite_database.transaction() as session:
        session.add(Case(source_id="city", number="1", item_code="JZ-0103", opened_at=NOON))
    assert said("许可", 5) == [Change("item", "JZ-0103", "added")]
    with sqlite_database.transaction() as session:
        assert session.get_one(Item, "JZ-0103").limits_known_at == NOON, "not before it was declared"
    with pytest.raises(SiteError, match="changed in the catalogue"):
        said("许可", 10)
    assert said("食品经营许可", 5) == [Change("item", "JZ-0103", "changed")]
    with sqlite_database.transaction() as session:
        assert session.get_one(Item, "JZ-0103").promised_days == 5
        session.delete(session.exec(select(Case)).one())
    assert said("食品经营许可", 10, hours=2) == [Change("item", "JZ-0103", "changed")]
    with sqlite_database.transaction() as session:
        assert session.get_one(Item, "JZ-0103").limits_known_at == NOON + timedelta(hours=2)
        former = session.exec(select(FormerLimits)).one()
        assert (former.promised_days, former.limits_known_at) == (5, NOON)
        assert former.known_until == NOON + timedelta(hours=2)


def test_the_same_file_again_changes_nothing(sqlite_database: Database, tmp_path: Path, secrets: SecretBox) -> None:
    settings = read(tmp_path, GOOD + RULE + SOURCE)
    apply(sqlite_database, settings, secrets)
    assert apply(sqlite_database, settings, secrets) == []


def test_an_edit_by_page_stays_until_the_file_changes(
    sqlite_database: Database, tmp_path: Path, secrets: SecretBox
) -> None:
    apply(sqlite_database, read(tmp_path, GOOD), secrets)
    with sqlite_database.transaction() as session:
        _camera(session).name = "edited"
    apply(sqlite_database, read(tmp_path, GOOD), secrets)
    with sqlite_database.transaction() as session:
        assert _camera(session).name == "edited"
    changes = apply(sqlite_database, read(tmp_path, GOOD.replace("192.0.2.1", "192.0.2.2")), secrets)
    assert changes == [Change("camera", "cam", "changed")]
    with sqlite_database.transaction() as session:
        assert _camera(session).name == ""


def test_a_new_password_is_a_change_and_no_digest_tells_it(
    sqlite_database: Database, tmp_path: Path, secrets: SecretBox
) -> None:
    apply(sqlite_database, read(tmp_path, GOOD), secrets)
    [change] = apply(sqlite_database, read(tmp_path, GOOD, {"CAMERA_PASSWORD": "anders"}), secrets)
    assert change == Change("camera", "cam", "changed")
    with sqlite_database.transaction() as session:
        assert secrets.open(_camera(session).credentials) == "viewer:anders"
        with_another_pepper = [row.digest for row in session.exec(select(Declared))]
    with sqlite_database.transaction() as session:
        apply_site(session, read(tmp_path, GOOD, {"CAMERA_PASSWORD": "anders"}), secrets, b"other", NOON)
        assert not set(with_another_pepper) & {row.digest for row in session.exec(select(Declared))}


def test_a_secret_that_the_file_does_not_name_stays_as_it_was_entered_by_page(
    sqlite_database: Database, tmp_path: Path, secrets: SecretBox
) -> None:
    without = (GOOD + SOURCE).replace('password = "${CAMERA_PASSWORD}"\n', "")
    without = without.replace('key = "a-key-of-sixteen-or-more"\n', "")
    apply(sqlite_database, read(tmp_path, without), secrets)
    with sqlite_database.transaction() as session:
        session.get_one(Source, "city").key_hash = key_hash("made-by-page-of-the-source")
        _camera(session).credentials = secrets.seal("viewer:typed")
    edited = without.replace('"3" = "cc-1"', '"4" = "cc-1"').replace('id = "cam"', 'id = "cam"\nname = "door"')
    assert len(apply(sqlite_database, read(tmp_path, edited), secrets)) == 2
    with sqlite_database.transaction() as session:
        assert session.get_one(Source, "city").key_hash == key_hash("made-by-page-of-the-source")
        assert secrets.open(_camera(session).credentials) == "viewer:typed"


def test_a_file_that_moves_a_camera_with_a_view_to_another_hall_is_refused_as_a_whole(
    sqlite_database: Database, tmp_path: Path, secrets: SecretBox
) -> None:
    apply(sqlite_database, read(tmp_path, GOOD), secrets)
    other = '[[hall]]\nid = "nh"\ndistrict = "chancheng"\nname = "南海"\n'
    moved = GOOD[: GOOD.index("[[view]]")].replace('hall = "cc"', 'hall = "nh"') + other
    with pytest.raises(SiteError) as refused:
        apply(sqlite_database, read(tmp_path, moved), secrets)
    assert [problem.partition(":")[0] for problem in refused.value.problems] == ["counter[cc-1]", "camera[cam]"]
    with sqlite_database.transaction() as session:
        assert _camera(session).hall_id == "cc"
        assert session.get(Hall, "nh") is None


def test_an_empty_secret_in_the_file_takes_the_stored_one_away(
    sqlite_database: Database, tmp_path: Path, secrets: SecretBox
) -> None:
    apply(sqlite_database, read(tmp_path, GOOD + SOURCE), secrets)
    emptied = (GOOD + SOURCE).replace('"${CAMERA_PASSWORD}"', '""').replace('"a-key-of-sixteen-or-more"', '""')
    assert len(apply(sqlite_database, read(tmp_path, emptied), secrets)) == 2
    with sqlite_database.transaction() as session:
        assert session.get_one(Source, "city").key_hash == ""
        assert secrets.open(_camera(session).credentials) == "viewer:"


def test_a_changed_view_begins_now_and_the_old_one_is_kept(
    sqlite_database: Database, tmp_path: Path, secrets: SecretBox
) -> None:
    apply(sqlite_database, read(tmp_path, GOOD), secrets)
    apply(sqlite_database, read(tmp_path, GOOD.replace("[1, 1]]", "[1, 0.9]]")), secrets, hours=1)
    with sqlite_database.transaction() as session:
        old, new = session.exec(select(View).order_by(col(View.id))).all()
    assert (old.valid_from, old.valid_to) == (None, NOON + timedelta(hours=1))
    assert (new.valid_from, new.valid_to) == (NOON + timedelta(hours=1), None)


def test_who_is_inside_and_who_covers_whom_are_as_the_file_says_and_keep_their_past(
    sqlite_database: Database, tmp_path: Path, secrets: SecretBox
) -> None:
    other = '[[counter]]\nid = "cc-9"\nhall = "cc"\nnumber = "9"\n'
    pair = '[[pair]]\ncounters = ["cc-9", "cc-1"]\n'
    apply(sqlite_database, read(tmp_path, GOOD + other + pair), secrets)
    rule = '[zone_rule]\ninside = "foot"\n'
    changes = apply(sqlite_database, read(tmp_path, rule + GOOD + other), secrets, hours=1)
    assert {(change.kind, change.did) for change in changes} == {("zone_rule", "changed"), ("pair", "retired")}
    with sqlite_database.transaction() as session:
        [ended] = session.exec(select(CounterPair)).all()
        usual, foot = session.exec(select(ZoneRule).order_by(col(ZoneRule.version))).all()
    assert (ended.one_id, ended.other_id, ended.valid_to) == ("cc-1", "cc-9", NOON + timedelta(hours=1))
    assert (usual.inside, usual.valid_from, usual.valid_to) == ("centre", None, NOON + timedelta(hours=1))
    assert (foot.inside, foot.valid_from) == ("foot", NOON + timedelta(hours=1))
    with pytest.raises(SiteError, match="one hall"):
        apply(sqlite_database, read(tmp_path, GOOD + pair.replace("cc-9", "no")), secrets)


def test_a_channel_of_the_file_is_told_until_it_leaves_the_file(
    sqlite_database: Database, tmp_path: Path, secrets: SecretBox
) -> None:
    channel = '[[notify]]\nname = "duty"\nurl = "json://user:word@192.0.2.7/"\nkinds = ["absence"]\n'
    apply(sqlite_database, read(tmp_path, GOOD + channel), secrets)
    with sqlite_database.transaction() as session:
        [stored] = load_channels(session, secrets)
    assert (stored.url, stored.kinds) == ("json://user:word@192.0.2.7/", (AlertKind.ABSENCE,))
    [change] = apply(sqlite_database, read(tmp_path, GOOD + channel.replace("word", "another")), secrets)
    assert change == Change("notify_channel", "duty", "changed")
    assert apply(sqlite_database, read(tmp_path, GOOD), secrets) == [Change("notify_channel", "duty", "retired")]
    with sqlite_database.transaction() as session:
        assert load_channels(session, secrets) == []


def test_changed_hours_hold_from_now_on_and_the_old_ones_are_kept(
    sqlite_database: Database, tmp_path: Path, secrets: SecretBox
) -> None:
    apply(sqlite_database, read(tmp_path, GOOD), secrets)
    friday_off = GOOD.replace("mon-fri", "mon-thu")
    apply(sqlite_database, read(tmp_path, friday_off), secrets, hours=1)
    apply(sqlite_database, read(tmp_path, friday_off.replace("12:00", "13:00")), secrets, hours=2)
    with sqlite_database.transaction() as session:
        found = session.exec(select(OpeningHours).order_by(col(OpeningHours.id))).all()
    one, two = NOON + timedelta(hours=1), NOON + timedelta(hours=2)
    assert [(row.valid_from, row.valid_to) for row in found] == [
        *[(None, two)] * 4,
        (None, one),
        *[(two, None)] * 4,
    ]


def test_views_of_a_camera_that_one_file_declares_together_begin_together(
    sqlite_database: Database, tmp_path: Path, secrets: SecretBox
) -> None:
    second = GOOD[GOOD.index("[[view]]") :].replace("cc-1", "cc-2")
    apply(sqlite_database, read(tmp_path, GOOD + counter_of_its_own("cc-2") + second), secrets)
    with sqlite_database.transaction() as session:
        assert [view.valid_from for view in session.exec(select(View))] == [None, None]


def test_a_view_holds_for_the_time_that_the_file_says(
    sqlite_database: Database, tmp_path: Path, secrets: SecretBox
) -> None:
    dated = GOOD + "valid_from = 2026-03-01T08:00:00+08:00\nvalid_to = 2026-03-05T08:00:00+08:00\n"
    apply(sqlite_database, read(tmp_path, dated), secrets)
    with sqlite_database.transaction() as session:
        view = session.exec(select(View)).one()
        assert (view.valid_from, view.valid_to) == (datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 3, 5, tzinfo=UTC))
    past = GOOD + counter_of_its_own("cc-2") + GOOD[GOOD.index("[[view]]") :].replace("cc-1", "cc-2")
    with pytest.raises(SiteError, match=r"^view\[cam/cc-2\]\.valid_to: This is not after the beginning"):
        apply(sqlite_database, read(tmp_path, past + "valid_to = 2026-03-01T08:00:00+08:00\n"), secrets)


def counter_of_its_own(counter: str, number: int = 2) -> str:
    return f'[[counter]]\nid = "{counter}"\nhall = "cc"\nnumber = {number}\n'


def numbered(first: int, second: int) -> str:
    return GOOD.replace("number = 1\n", f"number = {first}\n") + counter_of_its_own("cc-2", second)


def test_a_file_may_let_counters_swap_their_numbers(database: Database, tmp_path: Path, secrets: SecretBox) -> None:
    apply(database, read(tmp_path, numbered(1, 2)), secrets)
    assert len(apply(database, read(tmp_path, numbered(2, 1)), secrets)) == 2
    with database.transaction() as session:
        assert dict(session.exec(select(Counter.id, Counter.number)).all()) == {"cc-1": "2", "cc-2": "1"}


def test_a_file_gives_no_counter_the_number_that_one_by_page_has(
    database: Database, tmp_path: Path, secrets: SecretBox
) -> None:
    apply(database, read(tmp_path, GOOD), secrets)
    with database.transaction() as session:
        session.add(Counter(id="by-page", hall_id="cc", number="2"))
    with pytest.raises(SiteError, match=r"^counter\[cc-2\]\.number: Counter by-page of this hall has this number"):
        apply(database, read(tmp_path, numbered(1, 2)), secrets)
    with database.transaction() as session:
        assert set(session.exec(select(Counter.id))) == {"cc-1", "by-page"}


def test_a_changed_rule_is_a_new_version(sqlite_database: Database, tmp_path: Path, secrets: SecretBox) -> None:
    apply(sqlite_database, read(tmp_path, GOOD + RULE), secrets)
    apply(sqlite_database, read(tmp_path, GOOD + RULE.replace("120", "90")), secrets, hours=1)
    with sqlite_database.transaction() as session:
        old, new = session.exec(select(AbsenceRule).order_by(col(AbsenceRule.version))).all()
    assert (old.threshold_s, old.valid_to) == (120, NOON + timedelta(hours=1))
    assert (new.threshold_s, new.version, new.valid_to) == (90, 2, None)


def test_what_is_no_longer_declared_ends_but_is_not_deleted(
    sqlite_database: Database, tmp_path: Path, secrets: SecretBox
) -> None:
    apply(sqlite_database, read(tmp_path, GOOD + RULE), secrets)
    changes = apply(sqlite_database, read(tmp_path, GOOD[: GOOD.index("[[camera]]")]), secrets, hours=1)
    assert {(change.kind, change.did) for change in changes} == {
        ("camera", "retired"),
        ("view", "retired"),
        ("absence_rule", "retired"),
    }
    with sqlite_database.transaction() as session:
        assert not _camera(session).enabled
        assert views_left(session, "cam", "cc-1", NOON + timedelta(hours=2)) == []
        assert session.exec(select(AbsenceRule)).one().valid_to == NOON + timedelta(hours=1)


def test_every_view_of_a_pair_that_is_no_longer_declared_ends(
    sqlite_database: Database, tmp_path: Path, secrets: SecretBox
) -> None:
    apply(sqlite_database, read(tmp_path, GOOD), secrets)
    with sqlite_database.transaction() as session:
        zone = [[0.0, 0.0], [0.5, 0.0], [0.5, 1.0]]
        dates = {"valid_from": NOON + timedelta(days=1), "valid_to": NOON + timedelta(days=2)}
        declared = ViewDeclaration.model_validate({"camera": "cam", "counter": "cc-1", "staff_zone": zone, **dates})
        put_view(session, declared, NOON)
        assert len(views_left(session, "cam", "cc-1", NOON)) == 3
    apply(sqlite_database, read(tmp_path, GOOD[: GOOD.index("[[camera]]")]), secrets, hours=1)
    with sqlite_database.transaction() as session:
        (ended,) = session.exec(select(View))
        assert ended.valid_to == NOON + timedelta(hours=1)


def test_a_camera_that_is_declared_again_records_again(
    sqlite_database: Database, tmp_path: Path, secrets: SecretBox
) -> None:
    apply(sqlite_database, read(tmp_path, GOOD), secrets)
    apply(sqlite_database, read(tmp_path, GOOD[: GOOD.index("[[camera]]")]), secrets)
    apply(sqlite_database, read(tmp_path, GOOD), secrets)
    with sqlite_database.transaction() as session:
        assert _camera(session).enabled
        assert views_left(session, "cam", "cc-1", NOON)


def _camera(session: Session) -> Camera:
    return session.get_one(Camera, "cam")


def test_masks_are_declared_changed_and_ended_and_what_was_hidden_stays_so(
    sqlite_database: Database, tmp_path: Path, secrets: SecretBox
) -> None:
    def masks() -> list[tuple[float, datetime | None, datetime | None]]:
        with sqlite_database.transaction() as session:
            found = session.exec(select(PrivacyMask).order_by(col(PrivacyMask.id)))
            return [(mask.polygon[-1][1], mask.valid_from, mask.valid_to) for mask in found]

    hour = timedelta(hours=1)
    assert Change("mask", "cam/door", "added") in apply(sqlite_database, read(tmp_path, GOOD + MASK), secrets)
    assert masks() == [(0.4, None, None)], "it hides in all footage that there is"
    apply(sqlite_database, read(tmp_path, GOOD + MASK.replace("0.4", "0.5")), secrets, hours=1)
    assert masks() == [(0.4, None, NOON + hour), (0.5, NOON + hour, None)]
    assert apply(sqlite_database, read(tmp_path, GOOD), secrets, hours=2) == [Change("mask", "cam/door", "retired")]
    assert masks()[1] == (0.5, NOON + hour, NOON + 2 * hour)
    apply(sqlite_database, read(tmp_path, GOOD + MASK), secrets, hours=3)
    assert masks()[2] == (0.4, None, None)
