"""Our playlists in a real browser, by the player that most pages use for HLS: over a gap, with sound."""

import pytest
from playwright.sync_api import Page, Route
from sqlmodel import col, delete

from storage.models import Segment
from tests.ingest.video.encoded import START, gops, packets
from tests.ingest.video.sounding import with_beeps
from tests.ingest.video.test_clip import recorded
from tests.sample import CAMERA
from tests.test_wheel import ROOT
from tests.web.pages.browser import IN_BROWSER, until
from web.services import Services

HLS = ROOT / "web" / "ui" / "node_modules" / "hls.js" / "dist" / "hls.min.js"
pytestmark = [
    *IN_BROWSER,
    pytest.mark.skipif(not HLS.exists(), reason="hls.js is not installed: npm --prefix web/ui ci"),
]
PLAYLIST = f"/media/hls/{CAMERA}/playlist.m3u8?from={START:%Y-%m-%dT%H:%M:%SZ}&to=2026-01-05T01:00:08Z"
PLAY = """address => {
  const video = Object.assign(document.createElement("video"), { muted: true });
  video.id = "hls";
  video.defaultPlaybackRate = 4;
  document.body.append(video);
  const hls = new Hls({ enableWorker: false });
  window.problems = [];
  hls.on(Hls.Events.ERROR, (_name, problem) => { if (problem.fatal) window.problems.push(problem.details); });
  hls.on(Hls.Events.MANIFEST_PARSED, () => video.play());
  hls.loadSource(address);
  hls.attachMedia(video);
  window.hls = hls;
}"""


def test_hls_js_plays_over_a_gap_with_sound_and_knows_the_time(day: Services, page: Page) -> None:
    rows = recorded(day.footage.spool, with_beeps(gops(packets(200)), "aac"), first=500_000)
    with day.database.transaction() as session:
        session.add_all(rows)
        session.flush()
        session.exec(delete(Segment).where(col(Segment.sequence) == 500_001))  # 2 to 4 s
    (day.footage.spool / rows[1].key).unlink()

    def answer(route: Route) -> None:
        route.fulfill(body=HLS.read_text(), content_type="text/javascript")

    page.route("**/static/hls.js", answer)
    page.goto("/holds")
    page.add_script_tag(url="/static/hls.js")
    page.evaluate(PLAY, PLAYLIST)
    until(page, "window.problems.length > 0 || document.querySelector('#hls').ended")
    assert page.evaluate("window.problems") == []
    assert page.evaluate("hls.levels[0].details.fragments.map(each => each.cc)") == [0, 1, 1], "one discontinuity"
    assert page.evaluate("document.querySelector('#hls').webkitAudioDecodedByteCount") > 0
    since = f"each.programDateTime - Date.parse('{START:%Y-%m-%dT%H:%M:%SZ}')"
    times = page.evaluate(f"hls.levels[0].details.fragments.map(each => {since})")
    assert times == [0, 4000, 6000]
