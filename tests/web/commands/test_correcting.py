"""`hallwatch footage` and `hallwatch analyse`, as people call them."""

import signal
from datetime import timedelta
from pathlib import Path

import pytest
from sqlmodel import col, select

from analytics.again import Again
from analytics.detectors.ssd import SsdDetector
from analytics.reanalysis import ABANDONED, ask
from storage.intervals import Span
from storage.models import AccessEntry, CustomerState, Presence, Reanalysis, Segment, StaffState, TimeCorrection
from tests.analytics.scenes import labelled_data
from tests.ingest.video.encoded import START, gops, packets
from tests.ingest.video.test_clip import recorded
from tests.sample import CAMERA, a_hall
from tests.web.commands.conftest import Run
from tests.web.commands.test_help import shown
from web.commands import analyse
from web.commands.common import who_runs_this
from web.composition import build_services
from web.services import Services
from web.settings_file import read_settings

SPAN = ("--from", "2026-01-05T01:00:00Z", "--to", "2026-01-05T01:00:04Z")
WHY = ("--reason", "the server's clock was fast")


SSD, CLOSENESS = SsdDetector.name, "score 0.35, every 1 s"
"""The latter by a site's default settings."""


@pytest.fixture
def footage(hallwatch: Run, config: Path) -> Services:
    """Four seconds of a camera that shows two counters."""
    hallwatch("init", "--yes", "--password", "a long enough password")
    services = build_services(read_settings(config))
    with services.database.transaction() as session:
        a_hall(session)
        session.add_all(recorded(services.footage.spool, gops(packets(100))))
    return services


def moved(services: Services) -> list[int]:
    with services.database.transaction() as session:
        return list(session.exec(select(Segment.shift_us).order_by(col(Segment.sequence))))


def test_footage_is_corrected_listed_and_taken_back(hallwatch: Run, footage: Services) -> None:
    assert hallwatch("footage", "corrections").output == "No time was corrected yet.\n"
    tried = hallwatch("footage", "correct", CAMERA, *SPAN, *WHY, "--shift", "-300", "--dry-run").output
    assert "2 segments would move" in tried
    assert moved(footage) == [0, 0]
    done = hallwatch("footage", "correct", CAMERA, *SPAN, *WHY, "--shift", "-300", "--by", "li.wei").output
    assert "Correction 1: 2 segments moved" in done
    assert "Counter cc-1: unknown from" in done
    assert moved(footage) == [-300_000_000] * 2
    with footage.database.transaction() as session:
        row = session.exec(select(TimeCorrection)).one()
        assert (row.made_by, row.stored) == ("li.wei", True)
    assert footage.store.size(row.key)
    back = ("footage", "take-back", "1", "--reason", "the other way round")
    tried = hallwatch(*back, "--dry-run").output
    assert "2 segments would move" in tried
    assert "Correction" not in tried
    assert moved(footage) == [-300_000_000] * 2
    hallwatch(*back)
    assert moved(footage) == [0, 0]
    listed = hallwatch("footage", "corrections", "--camera", CAMERA).output
    words = (
        "cc-cam-1: taken back by 2",
        "takes back 1",
        "li.wei",
        "0 of 4 spans",
        "09:00:00.000 – 2026-01-05 09:00:04.000",
    )
    assert [word for word in words if word not in listed] == []
    assert max(len(line.rstrip()) for line in listed.splitlines()) <= 80
    with footage.database.transaction() as session:
        logged = session.exec(select(AccessEntry).order_by(col(AccessEntry.id))).all()
    assert [(entry.action, entry.purpose) for entry in logged] == [
        ("correct_time", "the server's clock was fast"),
        ("take_back_correction", "the other way round"),
    ]
    assert {(entry.user_id, entry.command_by, entry.address) for entry in logged} == {(None, who_runs_this(), "")}
    assert logged[0].subject.startswith(f"correction:1 camera:{CAMERA} 2026-01-05T01:00:00Z/PT")


def test_what_cannot_be_is_told_by_its_option(hallwatch: Run, footage: Services) -> None:
    correct = ("footage", "correct", CAMERA)
    assert "--shift: must not be 0" in hallwatch(*correct, *SPAN, *WHY, "--shift", "0", code=1).output
    assert "There is no camera 'x'" in hallwatch("footage", "correct", "x", *SPAN, *WHY, "--shift", "1", code=1).output
    for number in ("nan", "inf", "1e30"):
        refused = hallwatch(*correct, *SPAN, *WHY, "--shift", number, code=1).output
        assert "--shift: must be a number of seconds" in refused
    for number in ("abc", "0", "²", str(2**63), "9" * 5000):
        refused = hallwatch("footage", "take-back", number, "--reason", "x", code=2).output
        assert "is no number of a correction; `hallwatch footage corrections` shows all." in shown(refused)
    backwards = ("--from", "2026-03-02T05:00:00Z", "--to", "2026-03-02T04:00:00Z")
    assert "--to: must be later than --from." in hallwatch(*correct, *backwards, *WHY, "--shift", "1", code=1).output
    assert "There is no correction 7" in hallwatch("footage", "take-back", "7", "--reason", "x", code=1).output
    no_reason = hallwatch(*correct, *SPAN, "--reason", " ", "--shift", "1", code=1).output
    assert "--reason: must have 1 to 500 characters" in no_reason
    hallwatch(*correct, *SPAN, *WHY, "--shift", "1")
    long = ("footage", "take-back", "1", "--reason", "x" * 501)
    for options in ((), ("--dry-run",)):
        assert "--reason: must have 1 to 500 characters" in hallwatch(*long, *options, code=1).output
    assert moved(footage) == [1_000_000] * 2
    assert "There is no counter 'x'" in hallwatch("analyse", "--counter", "x", *SPAN, code=1).output
    future = ("--from", "2026-03-02T04:00:00Z", "--to", "2999-01-01T00:00:00Z")
    assert "--to: must not be in the future" in hallwatch("analyse", "--counter", "cc-1", *future, code=1).output


def test_a_counter_is_looked_at_again_and_what_is_said_otherwise_is_told(hallwatch: Run, footage: Services) -> None:
    again = ("analyse", "--counter", "cc-1", *SPAN, "--detector", "ssd")
    assert "would be said" in hallwatch(*again, "--dry-run").output
    with footage.database.transaction() as session:
        assert (session.exec(select(Presence)).all(), session.exec(select(Reanalysis)).all()) == ([], [])
    assert "said now" in hallwatch(*again, "--by", "li.wei").output
    with footage.database.transaction() as session:
        rows = session.exec(select(Presence).order_by(col(Presence.start))).all()
        job = session.exec(select(Reanalysis)).one()
    assert (rows[0].start, rows[-1].end) == (START, job.end)
    assert {row.source for row in rows} == {job.source}
    assert (job.asked_by, job.watched_to) == ("li.wei", job.end)
    assert job.done_at is not None


def test_a_default_site_is_looked_at_again_with_an_export_that_the_command_names(
    hallwatch: Run, footage: Services, tmp_path: Path
) -> None:
    again = ("analyse", "--counter", "cc-1", *SPAN, "--dry-run")
    none = shown(hallwatch(*again, "--detector", "onnx", code=1).output)
    assert "watcher.weights is empty; name a YOLO or YOLOX export there, or by --weights" in none
    absent = hallwatch(*again, "--weights", str(tmp_path / "no.onnx"), code=1).output
    assert "there is no file" in absent
    own = hallwatch(*again, "--detector", "ssd", "--weights", "x.onnx", code=1).output
    assert "--weights: ssd has its own" in own
    weights = str(labelled_data() / "models" / "yolox_nano_416.onnx")
    assert "would be said" in hallwatch(*again, "--detector", "onnx", "--weights", weights).output
    hallwatch(*again[:-1], "--weights", weights)
    with footage.database.transaction() as session:
        assert session.exec(select(Reanalysis)).one().source.startswith("onnx yolox_nano_416 (")


def test_weights_of_a_site_with_ssd_are_not_passed_over_in_silence(
    hallwatch: Run, footage: Services, config: Path
) -> None:
    config.write_text(config.read_text("utf-8") + '\n[watcher]\ndetector = "ssd"\n', "utf-8")
    told = hallwatch("analyse", "--counter", "cc-1", *SPAN, "--dry-run", "--weights", "x.onnx", code=1).output
    assert "--weights: ssd has its own; name another detector by --detector" in told
    assert footage.settings.watcher.detector == "auto"


def test_a_dry_run_says_where_there_is_no_footage_and_that_what_is_known_of_it_would_stay(
    hallwatch: Run, footage: Services
) -> None:
    """It begins five minutes after the asked span, and counter 1 was seen for four of these."""
    before = START - timedelta(minutes=5)
    with footage.database.transaction() as session:
        ends, nobody = before + timedelta(minutes=4), CustomerState.NONE
        empty = StaffState.UNSTAFFED
        session.add(Presence(counter_id="cc-1", start=before, end=ends, staff=empty, customer=nobody))
    span = ("--from", before.isoformat(), "--to", "2026-01-05T01:00:04Z")
    told = hallwatch("analyse", "--counter", "cc-1", *span, "--detector", "ssd", "--dry-run").output
    assert "2026-01-05 08:55:00 – 2026-01-05 09:00:0" in told
    assert shown(told).count("there is no footage to look at; what is known of it would stay") == 1
    [unstaffed] = [line.split() for line in told.splitlines() if "unstaffed" in line]
    was, would_be = (int(word) for word in unstaffed if word.isdigit())
    assert was == 240 <= would_be < 250, "and whatever the four seconds show"
    assert "unstaffed → unknown" not in told


def test_time_of_which_nothing_was_said_is_told_as_such_before_it_is_said_to_be_unknown(
    hallwatch: Run, footage: Services
) -> None:
    """Two minutes before anything was recorded."""
    begins = START - timedelta(minutes=5)
    span = ("--from", begins.isoformat(), "--to", (begins + timedelta(minutes=2)).isoformat())
    again = ("analyse", "--counter", "cc-1", *span, "--detector", "ssd")
    for options in (("--dry-run",), ()):
        told = hallwatch(*again, *options).output
        rows = {line.split("│")[1].strip(): line.split("│")[2:4] for line in told.splitlines() if "│" in line}
        assert [seconds.strip() for seconds in rows["unknown"]] == ["0", "120"]
        assert [seconds.strip() for seconds in rows["nothing said"]] == ["120", "0"]
        assert "Of 120 s nothing had been said yet. Nothing that was said is said otherwise." in shown(told)
    told = hallwatch(*again).output
    assert "nothing said" not in told
    assert "Nothing is said otherwise." in told


@pytest.mark.parametrize(("by", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_who_was_interrupted_goes_on_at_once_with_the_same_command(
    hallwatch: Run, footage: Services, monkeypatch: pytest.MonkeyPatch, by: signal.Signals, code: int
) -> None:
    def interrupted(_again: Again, _limit: int) -> bool:
        signal.raise_signal(by)
        return False

    again = ("analyse", "--counter", "cc-1", *SPAN, "--detector", "ssd")
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # who runs tests in the background ignores it
    try:
        with monkeypatch.context() as stopped:
            stopped.setattr(Again, "go_on", interrupted)
            hallwatch(*again, code=code)
    finally:
        signal.signal(signal.SIGINT, before)
    with footage.database.transaction() as session:
        assert session.exec(select(Reanalysis)).one().done_at is None
    assert "said now" in hallwatch(*again).output
    with footage.database.transaction() as session:
        assert session.exec(select(Reanalysis)).one().done_at is not None


def test_what_somebody_who_died_has_left_is_waited_for_and_taken_over(
    hallwatch: Run, footage: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    with footage.database.transaction() as session:
        span = Span(START, START + timedelta(seconds=4))
        ask(session, "cc-1", span, "li.wei", footage.clock(), worker="of-before", source=SSD, closeness=CLOSENESS)

    def time_passes(_seconds: float) -> None:
        with footage.database.transaction() as session:
            session.exec(select(Reanalysis)).one().alive_at = footage.clock() - 2 * ABANDONED

    monkeypatch.setattr(analyse, "sleep", time_passes)
    output = hallwatch("analyse", "--counter", "cc-1", *SPAN, "--detector", "ssd").output
    assert "Somebody works at it already" in output
    assert "said now" in output
    with footage.database.transaction() as session:
        assert session.exec(select(Reanalysis)).one().done_at is not None
