"""An absence rule is tried on what was seen: which alerts there would have been."""

import csv
import io
from html.parser import HTMLParser
from typing import Any

import pytest
from fastapi.testclient import TestClient
from openpyxl import load_workbook
from sqlmodel import col, select

from storage.models import Absence, AbsenceRule, Alert, Cover, CoverKind, DisputeState, Hall
from tests.web.pages.a_day import NOW, OTHER_COUNTER, OTHER_HALL, ago
from tests.web.pages.conftest import SignIn
from web.services import Services

PAGE = "/admin/rules/dry-run"


def tried(client: TestClient, query: str) -> dict[str, Any]:
    answer = client.get(f"{PAGE}.json?{query}")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def told(page: dict[str, Any]) -> list[tuple[str, str, str]]:
    return [(alert["counter"]["id"], alert["start"][11:16], alert["due"][11:16]) for alert in page["alerts"]]


def test_only_administrators_try_rules(anonymous: TestClient, sign_in: SignIn) -> None:
    assert anonymous.get(f"{PAGE}.json").status_code == 401
    assert [sign_in(role).get(PAGE).status_code for role in ("supervisor", "inspector")] == [403, 403]


def test_what_makes_no_sense_is_refused(sign_in: SignIn) -> None:
    client = sign_in("admin")
    for wrong in ("threshold_s=0", "days=32", "hall=cc&counter=cc-1", "hall=none", "counter=none"):
        assert client.get(f"{PAGE}.json?{wrong}").status_code == 422
    assert client.get(f"{PAGE}.json?rule=99").status_code == 404


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ("threshold_s=0", "This has to be at least 1."),
        ("threshold_s=", "This has to be a whole number."),
        ("threshold_s=soon", "This has to be a whole number."),
        ("required_staff=0", "This has to be at least 1."),
        ("days=400", "This may be at most 31."),
        ("queue_s=30", "A queue has a number of customers and a time; give both, or neither."),
        ("hall=cc&counter=cc-1", "Name either a hall or a counter, not both."),
        ("counter=none", "There is no counter “none”."),
    ],
)
def test_what_is_wrong_in_the_form_stands_beside_what_was_typed(sign_in: SignIn, wrong: str, told: str) -> None:
    answer = sign_in("admin").get(f"{PAGE}?waiting_threshold_s=47&{wrong}")
    assert answer.status_code == 422
    assert told in answer.text
    assert 'value="47"' in answer.text
    assert 'value="300"' in answer.text or wrong.startswith("threshold_s"), "what is not said is the usual"
    assert 'id="result"' not in answer.text, "nothing was tried"


def test_a_hall_with_these_settings_would_have_had_these_alerts(sign_in: SignIn) -> None:
    client = sign_in("admin")
    page = tried(client, "hall=cc&threshold_s=240&waiting_threshold_s=60")
    assert (page["count"], page["raised"], page["days"], page["rule_id"]) == (2, 2, 7, 1)
    assert told(page) == [("cc-2", "02:31", "02:32"), ("cc-1", "01:38", "01:42")]
    assert (page["alerts"][0]["customer_waiting"], page["alerts"][0]["end"]) == (True, None)
    assert page["alerts"][1]["ended_by"] == "returned"
    assert {alert["camera_id"] for alert in page["alerts"]} == {"cc-cam-1"}
    assert told(tried(client, "hall=cc&threshold_s=481&waiting_threshold_s=400")) == [("cc-2", "02:31", "02:37")]
    assert tried(client, "hall=cc&threshold_s=7200&waiting_threshold_s=7200")["alerts"] == []
    assert told(tried(client, "counter=cc-1&threshold_s=480&waiting_threshold_s=480")) == [("cc-1", "01:38", "01:46")]


def test_of_the_past_what_stands_is_counted_and_beside_it_what_is_disputed_or_withdrawn(
    sign_in: SignIn, day: Services
) -> None:
    client, query = sign_in("admin"), "hall=cc&threshold_s=240&waiting_threshold_s=60"

    def there_were() -> list[int]:
        page = tried(client, query)
        return [page["raised"], page["disputed"], page["withdrawn"]]

    assert there_were() == [2, 0, 0]
    assert "Not counted" not in client.get(f"{PAGE}?{query}").text
    with day.database.transaction() as session:
        one, other = session.exec(select(Absence).join(Alert).where(col(Alert.counter_id).startswith("cc-"))).all()
        one.dispute = DisputeState.DISPUTED
        other.ended_by, other.end = "withdrawn", other.start
        ids = one.id, other.id
    assert there_were() == [0, 1, 1]
    assert "Not counted are 1 under dispute and 1 withdrawn." in client.get(f"{PAGE}?{query}").text
    with day.database.transaction() as session:
        session.get_one(Absence, ids[0]).dispute = DisputeState.WITHDRAWN
        session.get_one(Absence, ids[1]).dispute = DisputeState.DISPUTED
    assert there_were() == [0, 0, 2], "what was found to be none is none, whatever is disputed of it"
    with day.database.transaction() as session:
        session.get_one(Absence, ids[0]).dispute = DisputeState.UPHELD
    assert there_were() == [1, 0, 1]


def test_a_more_special_rule_keeps_its_counters_out_and_a_rule_fills_in_its_place(
    sign_in: SignIn, day: Services
) -> None:
    client = sign_in("admin")
    assert tried(client, "rule=1")["hall"] == "cc"
    assert tried(client, "rule=1&threshold_s=300")["threshold_s"] == 300
    assert tried(client, "")["counters"] == 1
    with day.database.transaction() as session:
        session.add(AbsenceRule(counter_id="cc-2", threshold_s=900, waiting_threshold_s=900, valid_from=ago(1)))
    assert told(tried(client, "rule=1")) == [("cc-1", "01:38", "01:42")]


def test_leave_counts_and_nothing_is_written(sign_in: SignIn, day: Services) -> None:
    with day.database.transaction() as session:
        session.add(
            Cover(
                counter_id="cc-1",
                kind=CoverKind.LEAVE,
                who="w",
                start=ago(62),
                end=ago(50),
                noted_by=1,
                noted_at=NOW,
            )
        )
        before = len(session.exec(select(Absence)).all())
    assert told(tried(sign_in("admin"), "counter=cc-1&threshold_s=60")) == []
    with day.database.transaction() as session:
        assert len(session.exec(select(Absence)).all()) == before


def test_the_editor_leads_there_and_from_there_it_is_saved(sign_in: SignIn, day: Services) -> None:
    client = sign_in("admin")
    assert f'href="{PAGE}"' in client.get("/admin/rules").text
    page = client.get(f"{PAGE}?hall=cc&threshold_s=481&waiting_threshold_s=400").text
    assert "1 alert there would have been" in page
    assert 'href="/counters/cc-2/day?day=2026-11-23"' in page
    assert 'href="/span?hall=cc&amp;counter=cc-2&amp;from=2026-11-23T02%3A30' in page
    assert 'action="/admin/rules?edit=1"' in page
    assert 'src="/media/still.jpg?camera=cc-cam-1&amp;at=2026-11-23T02%3A37' in page
    saved = client.post("/admin/rules?edit=1", data={"threshold_s": "481", "waiting_threshold_s": "400"})
    assert saved.status_code == 303
    with day.database.transaction() as session:
        assert session.exec(select(AbsenceRule).where(AbsenceRule.version == 3)).one().threshold_s == 481


class Parted(HTMLParser):
    """The forms of a page: where each goes to, and what its hidden and typed fields send."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.forms: list[tuple[str, dict[str, str]]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        told = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.forms.append((told.get("action", ""), {}))
        elif tag == "input" and self.forms:
            self.forms[-1][1][told["name"]] = told.get("value", "")


def saving(page: str) -> tuple[str, dict[str, str]]:
    """The form of *Save these settings*."""
    return next(form for form in Parted(page).forms if form[0].startswith("/admin/rules") and "hall" in form[1])


def opened(client: TestClient, address: str) -> dict[str, str]:
    """What the form of a rule sends when nothing is typed into it."""
    return next(fields for _, fields in Parted(client.get(address).text).forms if "threshold_s" in fields)


def in_force(day: Services) -> set[tuple[str | None, int]]:
    with day.database.transaction() as session:
        rules = session.exec(select(AbsenceRule).where(col(AbsenceRule.valid_to).is_(None))).all()
        return {(rule.counter_id or rule.hall_id, rule.threshold_s) for rule in rules}


def test_who_tries_and_saves_is_told_of_what_somebody_else_has_saved_meanwhile(sign_in: SignIn, day: Services) -> None:
    one, other = sign_in("admin"), sign_in("admin")
    typed = opened(one, "/admin/rules?edit=1") | {"threshold_s": "481", "waiting_threshold_s": "400", "try": "true"}
    tried_at = one.post("/admin/rules?edit=1", data=typed).headers["location"]
    mine = opened(other, "/admin/rules?edit=1") | {"threshold_s": "222"}
    assert other.post("/admin/rules?edit=1", data=mine).status_code == 303
    page = one.get(tried_at).text
    once_more = next(fields for action, fields in Parted(page).forms if action == PAGE)
    again = one.get(PAGE, params=once_more | {"hall": "cc", "threshold_s": "482"}).text
    for shown in (page, again):
        address, form = saving(shown)
        refused = one.post(address, data=form)
        assert (refused.status_code, in_force(day)) == (409, {("cc", 222)})
        assert f'value="{form["threshold_s"]}"' in refused.text, "what was tried is not lost"
    insisting = form | {"seen": opened(one, "/admin/rules?edit=1")["seen"]}
    assert one.post(address, data=insisting).status_code == 303
    assert in_force(day) == {("cc", 482)}


def test_a_trial_without_a_form_is_of_what_was_in_force_when_it_was_opened(sign_in: SignIn, day: Services) -> None:
    one, other = sign_in("admin"), sign_in("admin")
    address, form = saving(one.get(f"{PAGE}?hall=cc&threshold_s=481&waiting_threshold_s=400").text)
    other.post("/admin/rules?edit=1", data={"threshold_s": "222", "waiting_threshold_s": "60"})
    assert (one.post(address, data=form).status_code, in_force(day)) == (409, {("cc", 222)})
    address, form = saving(one.get(f"{PAGE}?hall=cc&threshold_s=481&waiting_threshold_s=400").text)
    assert (one.post(address, data=form).status_code, in_force(day)) == (303, {("cc", 481)})


def test_a_new_rule_that_is_tried_never_replaces_one_that_somebody_else_has_made_meanwhile(
    sign_in: SignIn, day: Services
) -> None:
    one, other = sign_in("admin"), sign_in("admin")
    new = {"hall": "", "counter": "cc-1", "threshold_s": "481", "waiting_threshold_s": "400"}
    tried_at = one.post("/admin/rules", data=new | {"try": "true"}).headers["location"]
    assert other.post("/admin/rules", data=new | {"threshold_s": "450"}).status_code == 303
    address, form = saving(one.get(tried_at).text)
    assert one.post(address, data=form).status_code == 422
    assert ("cc-1", 450) in in_force(day)


def test_the_mark_of_one_place_does_not_stand_for_another_that_is_tried_next(sign_in: SignIn, day: Services) -> None:
    client = sign_in("admin")
    client.post("/admin/rules", data={"counter": "cc-1", "threshold_s": "300", "waiting_threshold_s": "60"})
    typed = opened(client, "/admin/rules?edit=1") | {"try": "true"}
    page = client.get(client.post("/admin/rules?edit=1", data=typed).headers["location"]).text
    once_more = next(fields for action, fields in Parted(page).forms if action == PAGE)
    other_place = once_more | {"hall": "", "counter": "cc-1", "threshold_s": "333"}
    address, form = saving(client.get(PAGE, params=other_place).text)
    assert client.post(address, data=form).status_code == 303
    assert ("cc-1", 333) in in_force(day)


def test_a_former_version_that_is_tried_replaces_what_is_in_force_as_it_was_then(
    sign_in: SignIn, day: Services
) -> None:
    client = sign_in("admin")
    client.post("/admin/rules?edit=1", data={"threshold_s": "222", "waiting_threshold_s": "60"})
    typed = opened(client, "/admin/rules?edit=past-1") | {"try": "true"}
    tried_at = client.post("/admin/rules?edit=past-1", data=typed).headers["location"]
    address, form = saving(client.get(tried_at).text)
    assert client.post(address, data=form).status_code == 303
    assert in_force(day) == {("cc", int(typed["threshold_s"]))}


def test_settings_that_would_hold_for_no_counter_do_not_look_like_a_hall_without_alerts(sign_in: SignIn) -> None:
    client = sign_in("admin")
    client.post("/admin/rules", data={"hall": "nh", "threshold_s": "300", "waiting_threshold_s": "60"})
    page = client.get(f"{PAGE}?threshold_s=300&waiting_threshold_s=60").text
    assert "Each counter has a more special rule there." in page
    assert "Where is it to be tried?" in page
    assert "Shows which alerts these settings would have given" in page
    assert "0 alerts" not in page
    assert "nobody would have been called" not in page


def test_what_is_typed_into_the_form_is_tried_before_it_is_saved(sign_in: SignIn, day: Services) -> None:
    client = sign_in("admin")
    typed = {"threshold_s": "481", "waiting_threshold_s": "400", "queue_length": "", "try": "true"}
    answer = client.post("/admin/rules?edit=1", data=typed)
    assert answer.status_code == 303
    page = client.get(answer.headers["location"]).text
    assert "1 alert there would have been" in page
    assert [f'name="{name}" value="{value}"' in page for name, value in (("hall", "cc"), ("threshold_s", "481"))] == [
        True
    ] * 2
    new = client.post("/admin/rules", data=typed | {"counter": "cc-1", "queue_length": "3", "queue_s": "60"})
    assert {"counter=cc-1", "hall=", "queue_length=3", "crowd_size="} <= {
        *new.headers["location"].split("?")[1].split("&")
    }
    assert client.get(new.headers["location"]).status_code == 200
    wrong = client.post("/admin/rules?edit=1", data=typed | {"threshold_s": "0"})
    assert (wrong.status_code, "at least 1" in wrong.text) == (422, True)
    with day.database.transaction() as session:
        assert 481 not in session.exec(select(AbsenceRule.threshold_s)).all()


def test_every_alert_of_a_dry_run_is_in_its_files_with_the_settings_that_were_tried(
    sign_in: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("web.pages.admin.dry_run.MOST_SHOWN", 1)
    client = sign_in("admin")
    query = "hall=cc&threshold_s=240&waiting_threshold_s=60"
    page = client.get(f"{PAGE}?{query}").text
    assert "The newest 1 are shown. The files have all of them." in page
    assert f'href="{PAGE}.csv?{query.replace("&", "&amp;")}"' in page
    assert len(tried(client, query)["alerts"]) == 1
    text = client.get(f"{PAGE}.csv?{query}").text.removeprefix("\ufeff")
    rows = list(csv.DictReader(io.StringIO(text)))
    assert [(row["counter"], row["due (Asia/Shanghai)"][11:16], row["ended_by"]) for row in rows] == [
        ("cc-2", "10:32", ""),
        ("cc-1", "09:42", "returned"),
    ]
    sheet = load_workbook(io.BytesIO(client.get(f"{PAGE}.xlsx?{query}").content)).active
    assert sheet is not None
    assert sheet.max_row == 3
    assert client.get(f"{PAGE}.csv?hall=none").status_code == 422
    assert sign_in("supervisor").get(f"{PAGE}.csv?{query}").status_code == 403


def test_files_over_halls_of_several_zones_tell_each_time_by_the_clock_of_its_hall(
    sign_in: SignIn, day: Services
) -> None:
    with day.database.transaction() as session:
        for rule in session.exec(select(AbsenceRule)).all():
            rule.valid_to = ago(200)
        hall = session.get(Hall, OTHER_HALL)
        assert hall is not None
        hall.timezone = "Asia/Urumqi"
    client = sign_in("admin")
    query = "threshold_s=240&waiting_threshold_s=240"
    text = client.get(f"{PAGE}.csv?{query}").text.removeprefix("\ufeff")
    told = {row["counter"]: (row["due"], row["zone"]) for row in csv.DictReader(io.StringIO(text))}
    assert told[OTHER_COUNTER] == ("2026-11-23T03:44:00+06:00", "Asia/Urumqi")
    assert told["cc-1"] == ("2026-11-23T09:42:00+08:00", "Asia/Shanghai")
    sheet = load_workbook(io.BytesIO(client.get(f"{PAGE}.xlsx?{query}").content)).active
    assert sheet is not None
    heading, *rows = sheet.iter_rows(values_only=True)
    at = {row[heading.index("counter")]: row[heading.index("due")] for row in rows}
    assert [str(at[counter]) for counter in (OTHER_COUNTER, "cc-1")] == ["2026-11-23 03:44:00", "2026-11-23 09:42:00"]
    one = client.get(f"{PAGE}.csv?hall={OTHER_HALL}&{query}").text
    assert "due (Asia/Urumqi)" in one
