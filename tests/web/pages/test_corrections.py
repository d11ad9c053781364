"""Who may correct the time of footage, and what becomes of all that rests on it."""

import re
from datetime import datetime, timedelta
from typing import Any

from fastapi.testclient import TestClient
from sqlmodel import col, select

from analytics.reanalysis import ask
from correlation.examining import find_unstaffed_steps
from correlation.linking import Linker
from storage.asked_corrections import Wanted
from storage.intervals import Span
from storage.models import (
    Absence,
    AccessEntry,
    CounterPair,
    CustomerState,
    Finding,
    FindingKind,
    FootageLink,
    Gap,
    GapCause,
    Outcome,
    Presence,
    Segment,
    StaffState,
    TimeCorrection,
    WatchCursor,
)
from tests.sample import CAMERA
from tests.web.pages.a_day import NOW
from tests.web.pages.conftest import SignIn
from web.correcting import try_out
from web.services import Services

DAY = "2026-11-23"
FROM, TO = "2026-11-23T09:00:00+08:00", "2026-11-23T09:30:00+08:00"
PAGE = f"/calendar/{CAMERA}"


def body(**changed: Any) -> dict[str, Any]:
    usual = {"camera": CAMERA, "start": FROM, "end": TO, "shift_s": -300.5, "error_s": 0.2, "reason": "fast server"}
    return usual | changed


def form(**changed: str) -> dict[str, str]:
    usual = {"day": DAY, "from": f"{DAY}T09:00:00", "to": f"{DAY}T09:30:00", "shift": "-300.5", "error": "0.2"}
    return usual | {"reason": "fast server"} | changed


def corrections(day: Services) -> list[TimeCorrection]:
    with day.database.transaction() as session:
        return list(session.exec(select(TimeCorrection).order_by(col(TimeCorrection.id))))


def test_only_administrators_correct_and_take_back(anonymous: TestClient, sign_in: SignIn, day: Services) -> None:
    made = sign_in("admin").post("/api/v1/corrections", json=body()).json()
    again = f"/api/v1/corrections/{made['id']}/take-back"
    forms = (f"{PAGE}/corrections", f"{PAGE}/corrections/{made['id']}/take-back")
    assert anonymous.post("/api/v1/corrections", json=body()).status_code == 401
    assert anonymous.post(again, json={"reason": "x"}).status_code == 401
    assert [anonymous.post(path, data=form()).status_code for path in forms] == [303, 303]
    assert [anonymous.get(forms[1] + ending).status_code for ending in ("", ".json")] == [303, 401]
    for role in ("supervisor", "inspector", "investigator", "department"):
        client = sign_in(role)
        assert client.post("/api/v1/corrections", json=body()).status_code == 403
        assert client.post(again, json={"reason": "x"}).status_code == 403
        assert [client.post(path, data=form()).status_code for path in forms] == [403, 403]
        assert [client.get(forms[1] + ending).status_code for ending in ("", ".json")] == [403, 403]
    assert len(corrections(day)) == 1


def test_who_sees_any_span_of_the_hall_sees_what_was_corrected(anonymous: TestClient, sign_in: SignIn) -> None:
    path = "/api/v1/corrections?camera="
    assert anonymous.get(path + CAMERA).status_code == 401
    seen = {role: sign_in(role).get(path + CAMERA).status_code for role in ("supervisor", "department", "inspector")}
    assert seen == {"supervisor": 403, "department": 403, "inspector": 200}
    assert sign_in("inspector").get(path + "nh-cam-1").status_code == 404


def test_without_the_token_of_the_session_nothing_is_corrected(sign_in: SignIn, day: Services) -> None:
    client = sign_in("admin")
    del client.headers["X-CSRF-Token"]
    assert client.post(f"{PAGE}/corrections", data=form()).status_code == 403
    assert corrections(day) == []


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"end": FROM}, "end"),
    ({"shift_s": 0}, "shift_s"),
    ({"shift_s": 1e12}, "shift_s"),
    ({"error_s": -1}, "error_s"),
    ({"reason": " "}, "reason"),
    ({"reason": "x" * 501}, "reason"),
    ({"shift_s": 1e300}, "shift_s"),
    ({"start": "2026-01-01T00:00:00Z", "end": "2026-01-02T00:00:00Z"}, "start"),
    ({"shift_s": 86_400 * 30}, "shift_s"),
]


def test_what_is_wrong_is_told_by_its_field(sign_in: SignIn) -> None:
    client = sign_in("admin")
    for changed, field in WRONG:
        answer = client.post("/api/v1/corrections", json=body(**changed))
        assert answer.status_code == 422
        assert [each["field"] for each in answer.json()["fields"]] == [field]


def test_a_camera_that_is_not_there_has_nothing_to_correct(sign_in: SignIn) -> None:
    assert sign_in("admin").post("/api/v1/corrections", json=body(camera="none")).status_code == 404
    assert sign_in("admin").post("/api/v1/corrections/999/take-back", json={"reason": "x"}).status_code == 404


def test_corrected_footage_says_so_wherever_it_is_shown(sign_in: SignIn, day: Services) -> None:
    client = sign_in("admin")
    made = client.post("/api/v1/corrections", json=body()).json()
    assert (made["shift_s"], made["made_by"], made["taken_back_by"]) == (-300.5, "admin", None)
    told = client.get(f"{PAGE}.json?day={DAY}").json()
    (corrected,) = told["clock_corrected"]
    assert (corrected["shift_s"], corrected["made_by"], corrected["source"]) == (-300.5, "admin", "sender_report")
    assert (told["corrections"][0]["id"], told["corrections"][0]["may_take_back"]) == (made["id"], True)
    span = f"/span?hall=cc&counter=cc-1&from={DAY}T09:00:00&to={DAY}T09:30:00"
    for path in (f"{PAGE}?day={DAY}", span):
        page = client.get(path, headers={"Accept-Language": "en"}).text
        assert [word for word in ("Time corrected", "fast server") if word not in page] == []
        assert "时间已校正" in client.get(path, headers={"Accept-Language": "zh"}).text
    seen = sign_in("investigator").get(f"{PAGE}?day={DAY}", headers={"Accept-Language": "en"}).text
    found = [word for word in ("fast server", "Correct the time of footage", "Take back") if word in seen]
    assert found == ["fast server"]


def test_the_form_corrects_and_takes_back_and_names_what_is_wrong(sign_in: SignIn, day: Services) -> None:
    client = sign_in("admin")
    wrong = client.post(f"{PAGE}/corrections", data=form(shift="fast"), headers={"Accept-Language": "en"})
    assert (wrong.status_code, corrections(day)) == (422, [])
    assert "This has to be a number." in wrong.text
    assert 'value="fast"' in wrong.text
    sent = client.post(f"{PAGE}/corrections", data=form(step="done"))
    assert sent.headers["location"] == f"{PAGE}?day={DAY}&done=corrected"
    (row,) = corrections(day)
    back = client.post(f"{PAGE}/corrections/{row.id}/take-back", data={"day": DAY, "reason": "the other camera"})
    assert back.headers["location"] == f"{PAGE}?day={DAY}&done=taken_back"
    assert [each.takes_back for each in corrections(day)] == [None, row.id]
    after, before = client.get(f"/api/v1/corrections?camera={CAMERA}").json()
    left = [[job["superseded_by"] is None for job in told["looked_again"]] for told in (before, after)]
    assert left == [[False, False], [True, True]], "only the newest word is looked at again"
    told = client.get(f"{PAGE}.json?day={DAY}").json()["corrections"]
    assert [each["to_look_again"] for each in told] == [2, 0]
    with day.database.transaction() as session:
        wanted = select(AccessEntry).where(col(AccessEntry.action).like("%correct%"))
        assert [(entry.action, entry.purpose) for entry in session.exec(wanted)] == [
            ("correct_time", "fast server"),
            ("take_back_correction", "the other camera"),
        ]
        assert set(session.exec(select(Segment.shift_us))) == {0}


def test_before_time_is_corrected_the_page_says_what_that_changes_and_changes_nothing(
    sign_in: SignIn, day: Services
) -> None:
    client = sign_in("admin")
    seen = client.post(f"{PAGE}/corrections", data=form(to=f"{DAY}T10:40:00"), headers={"Accept-Language": "en"})
    assert (seen.status_code, corrections(day)) == (200, [])
    words = (
        "What would change",
        "segments are shown at another time",
        "-300.500 s",
        'name="reason" value="fast server"',
        'value="done"',
    )
    assert [word for word in words if word not in seen.text] == []
    again = client.post(f"{PAGE}/corrections", data=form(reason="not yet", step="again"))
    assert (again.status_code, corrections(day)) == (200, [])
    assert 'value="not yet"' in again.text


def test_a_correction_is_told_at_once_all_that_it_lacks(sign_in: SignIn) -> None:
    sent = form() | dict.fromkeys(("from", "to", "shift", "error", "reason"), "")
    page = sign_in("admin").post(f"{PAGE}/corrections", data=sent)
    assert page.status_code == 422
    assert set(re.findall(r'id="p-(\w+)"', page.text)) == {"from", "to", "shift", "error", "reason"}


def test_what_lies_apart_is_shown_to_move_apart(day: Services) -> None:
    with day.database.transaction() as session:
        first, second, third = session.exec(select(Segment).where(Segment.camera_id == CAMERA).limit(3)).all()
        span = Span(first.start, third.end)
        gap = Gap(camera_id=CAMERA, start=second.start, end=second.end, cause=GapCause.UNKNOWN)
        session.delete(second)
        session.add(gap)
    wanted = Wanted(CAMERA, span, first.end - third.end, timedelta(seconds=1), "?", "admin")
    moves = try_out(day.database, wanted, NOW).moved.moves
    assert [(move.before, move.after) for move in moves] == [
        (Span(row.start, row.end), Span(row.start + wanted.shift, row.end + wanted.shift)) for row in (first, third)
    ]


def test_before_it_is_taken_back_the_page_says_what_that_changes_and_changes_nothing(
    sign_in: SignIn, day: Services
) -> None:
    client = sign_in("admin")
    made = client.post("/api/v1/corrections", json=body(end="2026-11-23T10:40:00+08:00")).json()
    path = f"{PAGE}/corrections/{made['id']}/take-back"
    told = client.get(f"{path}.json?day={DAY}").json()
    outcome = told["outcome"]
    assert outcome["segments"] > 0
    assert {part["counter"]["id"] for part in outcome["judged_again"]} == {"cc-1", "cc-2"}
    move = outcome["moves"][0]
    shift = datetime.fromisoformat(move["new_start"]) - datetime.fromisoformat(move["start"])
    assert shift == timedelta(seconds=300.5)
    page = client.get(f"{path}?day={DAY}").text
    assert [word for word in ("What would change", "fast server", 'name="reason"') if word not in page] == []
    assert f'href="{path}?day={DAY}"' in client.get(f"{PAGE}?day={DAY}").text
    assert len(corrections(day)) == 1
    assert client.get(f"/calendar/cc-cam-2/corrections/{made['id']}/take-back").status_code == 404
    assert client.post(f"/calendar/cc-cam-2/corrections/{made['id']}/take-back", data=form()).status_code == 404


def test_without_a_reason_nothing_is_taken_back_and_nothing_twice(sign_in: SignIn, day: Services) -> None:
    client = sign_in("admin")
    path = f"{PAGE}/corrections/{client.post('/api/v1/corrections', json=body()).json()['id']}/take-back"
    refused = client.post(path, data={"day": DAY, "reason": " "})
    assert (refused.status_code, "must have 1 to 500 characters" in refused.text) == (422, True)
    assert len(corrections(day)) == 1
    assert [client.post(path, data=form()).status_code for _ in range(2)] == [303, 409]
    again = client.get(path)
    assert (again.status_code, "was taken back already" in again.text) == (409, True)


def test_absences_of_corrected_footage_are_counted_before_they_are_judged_again(day: Services) -> None:
    with day.database.transaction() as session:
        asked = Wanted.of(CAMERA, datetime.fromisoformat(FROM), NOW, -60, 0.5, "fast server", "li.wei")
        (absence,) = session.exec(select(Absence).where(Absence.counter_id == "cc-2")).all()
        assert absence.start > asked.span.start
    told = {counter.counter_id: counter.absences for counter in try_out(day.database, asked, NOW).to_look_again}
    assert told["cc-2"] == 1


def test_a_reason_that_is_too_long_is_named_by_api_and_page_and_nothing_is_taken_back(
    sign_in: SignIn, day: Services
) -> None:
    client = sign_in("admin")
    made = client.post("/api/v1/corrections", json=body(reason="x" * 500)).json()
    answer = client.post(f"/api/v1/corrections/{made['id']}/take-back", json={"reason": "x" * 501})
    assert (answer.status_code, answer.json()["fields"][0]["field"]) == (422, "reason")
    sent = {"day": DAY, "reason": "x" * 501}
    page = client.post(f"{PAGE}/corrections/{made['id']}/take-back", data=sent, headers={"Accept-Language": "zh"})
    assert page.status_code == 422
    assert "须为 1 至 500 个字符" in page.text
    assert len(corrections(day)) == 1


def test_what_was_seen_in_it_is_unknown_and_no_finding_rests_on_it(sign_in: SignIn, day: Services) -> None:
    with day.database.transaction() as session:
        before = session.exec(select(Finding).where(Finding.kind == FindingKind.STEP_WHILE_UNSTAFFED)).one()
        assert before.withdrawn_at is None
    made = sign_in("admin").post("/api/v1/corrections", json=body(end="2026-11-23T10:40:00+08:00")).json()
    counters = {job["counter_id"] for job in made["looked_again"]}
    assert counters == {"cc-1", "cc-2"}
    assert all(job["done_at"] is None for job in made["looked_again"])
    with day.database.transaction() as session:
        told = session.exec(select(Presence.staff).where(col(Presence.counter_id).in_(counters), Presence.start < NOW))
        assert set(told) == {StaffState.UNKNOWN}
        session.add(WatchCursor(camera_id=CAMERA, watched_to=NOW))
    assert find_unstaffed_steps(day.database, NOW) == 1
    with day.database.transaction() as session:
        after = session.exec(select(Finding).where(Finding.kind == FindingKind.STEP_WHILE_UNSTAFFED)).one()
        assert after.withdrawn_at == NOW


def test_nobody_is_absent_where_it_is_not_known_any_more_whether_the_clerk_of_another_counter_covered(
    sign_in: SignIn, day: Services
) -> None:
    start, end = datetime.fromisoformat(FROM), datetime.fromisoformat(TO)
    with day.database.transaction() as session:
        session.add(CounterPair(one_id="cc-1", other_id="cc-3", valid_from=start - timedelta(days=1)))
        for row in session.exec(select(Presence).where(Presence.counter_id == "cc-3")):
            session.delete(row)
        empty, nobody = StaffState.UNSTAFFED, CustomerState.NONE
        session.add(Presence(counter_id="cc-3", start=start, end=end, staff=empty, customer=nobody))
        begun = start + timedelta(minutes=10)
        absence = Absence(counter_id="cc-3", start=begun, end=end, ended_by="returned", threshold_s=300)
        session.add(absence)
        session.flush()
        absence_id = absence.id
    assert sign_in("admin").post("/api/v1/corrections", json=body()).status_code == 200
    with day.database.transaction() as session:
        assert session.get_one(Absence, absence_id).ended_by == "withdrawn"


def recorded_ahead(day: Services, first_number: int, start: datetime) -> None:
    """A minute of footage, by a clock that was ahead, with what was seen of a counter in it."""
    with day.database.transaction() as session:
        of = session.exec(select(Segment).where(Segment.camera_id == CAMERA).limit(1)).one().model_dump(exclude={"id"})
        for n in range(6):
            begin, number = start + timedelta(seconds=10 * n), first_number + n
            row = of | {"sequence": number, "key": f"ahead/{number}.mp4", "start": begin}
            session.add(Segment(**row | {"end": begin + timedelta(seconds=10)}))


def test_footage_in_the_future_is_corrected_at_once_and_what_was_seen_then_is_taken_back(
    sign_in: SignIn, day: Services
) -> None:
    ahead = NOW + timedelta(days=300)
    recorded_ahead(day, 5000, ahead)
    with day.database.transaction() as session:
        until, nobody = ahead + timedelta(seconds=60), CustomerState.NONE
        empty = Presence(counter_id="cc-1", start=ahead, end=until, staff=StaffState.UNSTAFFED, customer=nobody)
        empty.confidence, empty.source = 0.9, "onnx"
        session.add(empty)
    asked = body(start=ahead.isoformat(), end=until.isoformat(), shift_s=-86_400 * 301)
    made = sign_in("admin").post("/api/v1/corrections", json=asked).json()
    assert (made["first_sequence"], made["last_sequence"]) == (5000, 5005)
    assert [job["end"] for job in made["looked_again"] if datetime.fromisoformat(job["end"]) > NOW] == []
    with day.database.transaction() as session:
        lasting = session.exec(select(Presence).where(Presence.counter_id == "cc-1", col(Presence.end).is_(None))).one()
        assert lasting.start < NOW, "what lasts now says nothing of time that is still to come"
        told = session.exec(select(Presence).where(Presence.counter_id == "cc-1", Presence.start >= ahead)).one()
        assert (told.staff, told.reason) == (StaffState.UNKNOWN, "time_corrected")


def test_the_form_asks_which_segments_are_meant_where_a_time_was_recorded_twice(sign_in: SignIn, day: Services) -> None:
    client = sign_in("admin")
    recorded_ahead(day, 5000, datetime.fromisoformat(FROM) + timedelta(minutes=5))
    plain = client.get(f"{PAGE}?day={DAY}", headers={"Accept-Language": "en"})
    assert 'name="first"' not in plain.text
    refused = client.post(f"{PAGE}/corrections", data=form(step="done"), headers={"Accept-Language": "zh"})
    assert (refused.status_code, 'name="first"' in refused.text, "5000–5005" in refused.text) == (422, True, True)
    assert (corrections(day), "该时段被多次录制" in refused.text) == ([], True)
    chosen = form(first="5000", last="5005")
    seen = client.post(f"{PAGE}/corrections", data=chosen, headers={"Accept-Language": "en"})
    assert [word for word in ("6 segments are shown", 'name="first" value="5000"') if word not in seen.text] == []
    assert client.post(f"{PAGE}/corrections", data=chosen | {"step": "done"}).status_code == 303
    assert [(row.first_sequence, row.last_sequence) for row in corrections(day)] == [(5000, 5005)]
    assert "segments 5000–5005" in client.get(f"{PAGE}?day={DAY}", headers={"Accept-Language": "en"}).text


def test_steps_are_linked_with_the_footage_of_their_time_anew(sign_in: SignIn, day: Services) -> None:
    """Ten minutes of footage are moved away: where a step had its clip there is none."""
    linker = Linker(day.database, day.footage)
    while linker.run_once(NOW):
        pass
    with day.database.transaction() as session:
        link = session.exec(
            select(FootageLink).where(FootageLink.outcome == Outcome.CLIP, FootageLink.camera_id == CAMERA)
        ).first()
        assert link is not None
        start, end = link.start - timedelta(minutes=1), link.end + timedelta(minutes=1)
    asked = body(start=start.isoformat(), end=end.isoformat(), shift_s=-86_400)
    assert sign_in("admin").post("/api/v1/corrections", json=asked).status_code == 200
    while linker.run_once(NOW):
        pass
    with day.database.transaction() as session:
        assert session.get_one(FootageLink, link.id).outcome is not Outcome.CLIP


def test_absences_are_linked_anew_once_the_counter_was_looked_at_again(day: Services) -> None:
    linker = Linker(day.database, day.footage)
    while linker.run_once(NOW):
        pass
    with day.database.transaction() as session:
        link = session.exec(
            select(FootageLink).where(col(FootageLink.absence_id).is_not(None), col(FootageLink.settled).is_(True))
        ).first()
        assert link is not None
        absence = session.get_one(Absence, link.absence_id)
        absence.end = (absence.end or NOW) + timedelta(seconds=30)
        span = Span(absence.start, absence.end)
        asked = ask(session, absence.counter_id, span, "li.wei", NOW)
        asked.done_at = NOW
    while linker.run_once(NOW):
        pass
    with day.database.transaction() as session:
        assert session.get_one(FootageLink, link.id).end == link.end + timedelta(seconds=30)
