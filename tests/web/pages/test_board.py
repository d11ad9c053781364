import re
from datetime import timedelta

import pytest
from fastapi.testclient import TestClient
from sqlmodel import delete, select

from storage.models import Node, OpeningHours, Role, Scope, WatchCursor
from tests.web.pages.a_day import NOW
from tests.web.pages.conftest import SignIn
from web.services import Services


def test_the_board_sends_anonymous_readers_to_sign_in(anonymous: TestClient) -> None:
    page = anonymous.get("/")
    assert (page.status_code, page.headers["location"]) == (303, "/sign-in")
    assert anonymous.get("/board.json").status_code == 401


def test_the_board_is_closed_to_roles_without_it(sign_in: SignIn) -> None:
    for path in ("/board", "/board.json", "/halls/cc/board"):
        assert sign_in("department").get(path).status_code == 403


@pytest.mark.parametrize("role", [role.value for role in Role])
def test_the_first_page_and_the_logo_lead_each_role_to_something_it_may_see(sign_in: SignIn, role: str) -> None:
    client = sign_in(role)
    page = client.get("/", follow_redirects=True)
    assert page.status_code == 200
    logo = re.findall(r'class="brand" href="([^"]+)"', page.text)
    assert [client.get(address).status_code for address in logo] == [200, 200]


def test_a_hall_out_of_scope_is_not_there(sign_in: SignIn) -> None:
    client = sign_in("supervisor")
    for path in ("/halls/nh/board", "/halls/nh/board.json", "/?hall=nh"):
        assert client.get(path).status_code == 404


def test_the_board_shows_each_counter_with_state_and_alert(sign_in: SignIn) -> None:
    page = sign_in("supervisor").get("/")
    assert page.status_code == 200
    assert 'id="tile-cc-2"' in page.text
    assert "Absent since" in page.text
    assert '<live-tile id="live-cc-1-cc-cam-1" camera="cc-cam-1"' in page.text
    assert "nh-1" not in page.text


def test_the_json_twin_says_the_same(sign_in: SignIn) -> None:
    body = sign_in("supervisor").get("/board.json").json()
    tiles = {tile["counter"]["id"]: tile for tile in body["tiles"]}
    assert list(tiles) == ["cc-1", "cc-2", "cc-3", "cc-4", "cc-10"]
    assert tiles["cc-2"]["staff"] == "unstaffed"
    assert tiles["cc-2"]["alert"]["absent_since"] == "2026-11-23T02:31:00Z"
    assert tiles["cc-10"]["reason"] == "no_view"
    assert body["counts"] == {
        "all": 5,
        "staffed": 1,
        "unstaffed": 1,
        "unknown": 3,
        "closed": 0,
        "waiting": 2,
        "alert": 3,
    }


def closes_at_half_past_ten(day: Services) -> None:
    with day.database.transaction() as session:
        for row in session.exec(select(OpeningHours).where(OpeningHours.closes == "12:00")):
            row.closes = "10:30"


def test_counters_of_a_closed_hall_are_closed_and_not_unstaffed(day: Services, sign_in: SignIn) -> None:
    closes_at_half_past_ten(day)
    admin = sign_in("admin")
    body = admin.get("/board.json").json()
    assert {tile["counter"]["id"]: tile["open"] for tile in body["tiles"] if tile["counter"]["id"][-1] == "1"} == {
        "cc-1": False,
        "nh-1": True,
    }
    assert body["counts"] == {
        "all": 6,
        "staffed": 0,
        "unstaffed": 1,
        "unknown": 0,
        "closed": 5,
        "waiting": 2,
        "alert": 4,
    }
    unstaffed = admin.get("/board.json?show=unstaffed").json()["tiles"]
    assert [tile["counter"]["id"] for tile in unstaffed] == ["nh-1"], "a hall without hours is always open"
    assert len(admin.get("/board.json?show=closed").json()["tiles"]) == 5
    tile = re.search(r'id="tile-cc-2".*?</li>', admin.get("/board").text, re.DOTALL)
    assert tile
    assert "data-closed" in tile[0]
    assert '<span class="chip" data-state="closed">Off duty</span>' in tile[0]
    assert 'class="chip" data-state="unstaffed"' not in tile[0]
    assert "非工作时间" in admin.get("/board", headers={"Accept-Language": "zh"}).text


def test_the_shares_of_the_day_leave_out_closed_time(day: Services, sign_in: SignIn) -> None:
    supervisor = sign_in("supervisor")
    assert supervisor.get("/counters/cc-2.json").json()["day"]["unstaffed_s"] == 12 * 60
    closes_at_half_past_ten(day)
    page = supervisor.get("/counters/cc-2.json").json()
    assert page["state"]["open"] is False
    # Watched from 9:00 to 10:40; nobody sat there from 9:53 to 9:56 and after 10:31.
    assert (page["day"]["staffed_s"], page["day"]["unstaffed_s"]) == (87 * 60, 3 * 60)
    assert sum(hour["unstaffed_s"] for hour in page["by_hour"]) == 3 * 60
    assert "closed time is left out" in supervisor.get("/counters/cc-2").text


def test_the_last_hours_show_closed_time_as_closed_whatever_was_seen(day: Services, sign_in: SignIn) -> None:
    admin = sign_in("admin")

    def presence(address: str) -> list[tuple[str, str, str]]:
        lanes = admin.get(address).json()["timeline"]["lanes"]
        assert lanes[0]["name"] == "presence"
        return [(bar["state"], bar["start"][11:16], bar["end"][11:16]) for bar in lanes[0]["bars"]]

    assert presence("/counters/cc-2.json?hours=1")[-1] == ("unstaffed", "02:31", "02:40")
    closes_at_half_past_ten(day)
    assert [bar[0] for bar in presence("/counters/cc-2.json?hours=1")] == ["staffed", "unstaffed", "staffed", "closed"]
    assert presence("/counters/cc-2.json?hours=1")[-2:] == [("staffed", "01:56", "02:30"), ("closed", "02:30", "02:40")]
    assert "closed" not in {bar[0] for bar in presence("/counters/nh-1.json")}, "a hall without hours is always open"
    page = admin.get("/counters/cc-2").text
    assert re.search(r'class="bar" data-state="closed"[^>]*><title>Off duty, ', page)
    assert '<i class="swatch" data-state="closed"></i>Off duty' in page
    in_chinese = admin.get("/counters/cc-2", headers={"Accept-Language": "zh"}).text
    assert '<i class="swatch" data-state="closed"></i>非工作时间' in in_chinese


def test_an_absence_and_a_span_show_closed_time_as_closed_like_the_last_hours(day: Services, sign_in: SignIn) -> None:
    closes_at_half_past_ten(day)
    admin = sign_in("admin")
    span = "/span.json?hall=cc&counter=cc-2&from=2026-11-23T10:20:00&to=2026-11-23T10:40:00"
    absences = admin.get("/absences.json").json()["absences"]
    [last] = [row for row in absences if row["counter"]["id"] == "cc-2" and row["start"][11:16] == "02:31"]
    told = admin.get(span).json()["result"], admin.get(f"/absences/{last['id']}.json").json()
    for page in told:
        [lane] = [lane for lane in page["timeline"]["lanes"] if lane["name"] in ("#2", "presence")]
        bars = [(bar["state"], bar["start"][11:16], bar["end"][11:16]) for bar in lane["bars"]]
        assert bars[-1] == ("closed", "02:30", "02:40")
        assert [bar for bar in bars if bar[0] != "closed" and bar[2] > "02:30"] == []
    swatch = '<i class="swatch" data-state="closed"></i>Off duty'
    assert swatch in admin.get(span.replace(".json", "")).text
    assert swatch in admin.get(f"/absences/{last['id']}").text


def test_a_filter_in_the_address_narrows_the_tiles(sign_in: SignIn) -> None:
    body = sign_in("supervisor").get("/board.json?show=alert").json()
    assert [tile["counter"]["id"] for tile in body["tiles"]] == ["cc-2", "cc-3", "cc-4"]


def test_the_fault_of_a_camera_is_an_alert_of_every_counter_it_sees(sign_in: SignIn) -> None:
    tiles = {tile["counter"]["id"]: tile["alert"] for tile in sign_in("supervisor").get("/board.json").json()["tiles"]}
    assert tiles["cc-1"] is None
    assert (tiles["cc-2"]["fault"], tiles["cc-4"]["fault"]) == (None, "dark")
    page = sign_in("supervisor").get("/?show=alert").text
    assert re.search(r'id="tile-cc-4".*?class="tile-alert".*?<span>Picture dark</span>', page, re.DOTALL)


def test_who_has_no_hall_is_told_whom_to_ask(day: Services, sign_in: SignIn) -> None:
    with day.database.transaction() as session:
        session.exec(delete(Scope))
    for role, path in (("supervisor", "/"), ("inspector", "/span"), ("inspector", "/cases")):
        page = sign_in(role).get(path).text
        assert "No hall has been given to you yet" in page
        assert re.search("There is no (hall|counter|case)", page) is None
    assert "No hall has been given" not in sign_in("admin").get("/").text


def test_htmx_gets_only_the_part_it_replaces(sign_in: SignIn) -> None:
    part = sign_in("supervisor").get("/", headers={"HX-Request-Type": "partial", "HX-Target": "div#results"})
    assert part.text.lstrip().startswith('<div id="results"')


def test_an_admin_sees_all_halls_by_hall(sign_in: SignIn) -> None:
    page = sign_in("admin").get("/")
    assert "All halls" in page.text
    assert "Nanhai Service Centre" in page.text


def test_without_a_watcher_presence_is_unknown_everywhere(day: Services, sign_in: SignIn) -> None:
    with day.database.transaction() as session:
        session.get_one(Node, "watcher").heartbeat = NOW - timedelta(minutes=2)
    supervisor = sign_in("supervisor")
    body = supervisor.get("/board.json").json()
    watched = [tile for tile in body["tiles"] if tile["camera_id"]]
    assert {(tile["staff"], tile["customer"], tile["reason"]) for tile in watched} == {
        ("unknown", "unknown", "watcher_down")
    }
    assert body["counts"]["staffed"] == 0
    assert "The watcher does not run" in supervisor.get("/").text
    counter = supervisor.get("/counters/cc-1.json").json()
    assert (counter["state"]["staff"], counter["state"]["since"]) == ("unknown", "2026-11-23T02:38:00Z")
    presence = next(lane for lane in counter["timeline"]["lanes"] if lane["name"] == "presence")
    assert [bar["state"] for bar in presence["bars"]][-2:] == ["staffed", "unknown"]
    assert "识别程序未运行" in supervisor.get("/counters/cc-1", headers={"Accept-Language": "zh"}).text


def test_an_hours_old_state_is_not_shown_as_now_while_the_watcher_catches_up(day: Services, sign_in: SignIn) -> None:
    with day.database.transaction() as session:
        session.merge(WatchCursor(camera_id="cc-cam-1", watched_to=NOW - timedelta(hours=1)))
    supervisor = sign_in("supervisor")
    tiles = supervisor.get("/board.json").json()["tiles"]
    shown = {tile["counter"]["id"]: (tile["staff"], tile["reason"]) for tile in tiles}
    assert shown["cc-1"] == ("unknown", "catching_up")
    assert "正在补看中断期间的录像" in supervisor.get("/counters/cc-1", headers={"Accept-Language": "zh"}).text
