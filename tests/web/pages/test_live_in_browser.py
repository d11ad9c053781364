"""Open pages move on by themselves, and leave alone what their reader is doing."""

from datetime import timedelta

from playwright.sync_api import Page, expect
from sqlmodel import Session, select

from storage.models import (
    Absence,
    Alert,
    AlertKind,
    AlertState,
    Case,
    FootageLink,
    Gap,
    GapCause,
    Outcome,
    Step,
    StepKind,
    User,
)
from tests.sample import CAMERA, HALL
from tests.web.carded import a_card
from tests.web.pages.a_day import NOW, ago
from tests.web.pages.browser import IN_BROWSER, WITHIN_MS, Site, until, with_footage
from web import sessions
from web.services import Services

pytestmark = IN_BROWSER
NUMBER = "CC-2026-99001"


def open_a_case(session: Session) -> int:
    case = Case(source_id="cc-platform", number=NUMBER, hall_id=HALL, opened_at=ago(3))
    session.add(case)
    session.flush()
    assert case.id is not None
    report(session, case.id, StepKind.RECEIVE)
    return case.id


def report(session: Session, case_id: int, kind: StepKind) -> int:
    step = Step(
        case_id=case_id,
        source_id="cc-platform",
        reference=f"{case_id}-{kind}-new",
        kind=kind,
        counter_id="cc-1",
        start=ago(2),
        end=ago(1),
        first_received_at=NOW,
        received_at=NOW,
    )
    session.add(step)
    session.flush()
    assert step.id is not None
    return step.id


def find_footage(session: Session, step_id: int) -> None:
    session.add(
        FootageLink(
            step_id=step_id,
            outcome=Outcome.CLIP,
            camera_id=CAMERA,
            start=ago(3),
            end=NOW,
            settled=True,
            computed_at=NOW,
        )
    )


def keep(page: Page) -> None:
    """Marks the document, so that a reload would be noticed."""
    heard(page)
    page.evaluate("window.kept = true")


def heard(page: Page) -> None:
    """Waits for the first snapshot: what is written later is told to the page."""
    until(page, "document.body.dataset.heard === ''")


WAIT_FOR_SNAPSHOT = """
document.addEventListener("hallwatch:snapshot", () => (document.body.dataset.heard = ""), true);
"""


def test_a_new_case_appears_in_the_list_and_moves_through_its_steps_without_a_reload(page: Page, day: Services) -> None:
    page.add_init_script(WAIT_FOR_SNAPSHOT)
    page.goto("/cases")
    keep(page)
    with day.database.transaction() as session:
        case_id = open_a_case(session)
    row = page.locator("#results tr", has_text=NUMBER)
    expect(row).to_contain_text("Receive", timeout=WITHIN_MS)
    row.get_by_role("link").first.focus()
    with day.database.transaction() as session:
        report(session, case_id, StepKind.ACCEPT)
        other = session.get_one(Case, 1)
        report(session, other.id or 0, StepKind.DELIVER)
    expect(row).to_contain_text("Accept", timeout=WITHIN_MS)
    assert page.evaluate("document.activeElement.textContent") == NUMBER
    assert page.evaluate("window.kept") is True


def test_the_page_of_a_case_moves_on_with_its_steps_and_their_footage(page: Page, day: Services) -> None:
    with day.database.transaction() as session:
        case_id = open_a_case(session)
    page.add_init_script(WAIT_FOR_SNAPSHOT)
    page.goto(f"/cases/{case_id}")
    keep(page)
    stages = page.locator(".stages li")
    expect(stages).to_have_text(
        ["Receive Done", "Accept Next", "Review To come", "Decide To come", "Close To come"], use_inner_text=True
    )
    with day.database.transaction() as session:
        step_id = report(session, case_id, StepKind.ACCEPT)
    expect(stages.nth(1)).to_contain_text("Done", timeout=WITHIN_MS)
    step = page.locator(f"#step-{step_id}")
    expect(step).to_contain_text("Looking up")
    with day.database.transaction() as session:
        find_footage(session, step_id)
    expect(step.get_by_role("link", name="Play")).to_be_visible(timeout=WITHIN_MS)
    assert page.evaluate("window.kept") is True


def test_footage_plays_on_while_the_page_around_it_moves_on(page: Page, day: Services, half_a_minute: bytes) -> None:
    with_footage(page, half_a_minute)
    page.add_init_script(WAIT_FOR_SNAPSHOT)
    page.goto("/cases/1")
    keep(page)
    page.locator(".step .watch a").first.click()
    until(page, "document.querySelector('clip-player')?.paused === false")
    page.evaluate("document.querySelector('clip-player').kept = true")
    with day.database.transaction() as session:
        step_id = report(session, 1, StepKind.DELIVER)
    expect(page.locator(f"#step-{step_id}")).to_be_visible(timeout=WITHIN_MS)
    assert page.evaluate("(player => player.kept && !player.paused)(document.querySelector('clip-player'))")


def test_the_page_of_a_counter_shows_new_steps_and_absences_around_its_live_picture(page: Page, day: Services) -> None:
    page.add_init_script(WAIT_FOR_SNAPSHOT)
    page.goto("/counters/cc-1")
    keep(page)
    page.evaluate("document.querySelector('live-tile').kept = true")
    with day.database.transaction() as session:
        open_a_case(session)
        an_absence(session, "cc-1")
    expect(page.locator(".list li", has_text=NUMBER)).to_be_visible(timeout=WITHIN_MS)
    expect(page.locator("#absence-4")).to_be_visible(timeout=WITHIN_MS)
    assert page.evaluate("document.querySelector('live-tile').kept") is True


def an_absence(session: Session, counter_id: str) -> int:
    absence = Absence(counter_id=counter_id, start=ago(6), threshold_s=240)
    session.add(absence)
    session.flush()
    session.add(
        Alert(kind=AlertKind.ABSENCE, hall_id=HALL, counter_id=counter_id, absence_id=absence.id, raised_at=ago(1))
    )
    assert absence.id is not None
    return absence.id


def test_absences_and_their_page_move_on(page: Page, day: Services) -> None:
    page.add_init_script(WAIT_FOR_SNAPSHOT)
    page.goto("/absences")
    keep(page)
    with day.database.transaction() as session:
        absence_id = an_absence(session, "cc-1")
    expect(page.locator(f"#absence-{absence_id}")).to_contain_text("Still away", timeout=WITHIN_MS)
    page.goto(f"/absences/{absence_id}")
    keep(page)
    with day.database.transaction() as session:
        session.get_one(Absence, absence_id).end = ago(0.5)
        session.get_one(Absence, absence_id).ended_by = "returned"
        alert = session.exec(select(Alert).where(Alert.absence_id == absence_id)).one()
        alert.state, alert.resolved_at = AlertState.RESOLVED, NOW
    expect(page.locator(".facts")).to_contain_text("somebody came back", timeout=WITHIN_MS)
    assert page.evaluate("window.kept") is True


def test_the_slider_of_a_timeline_outlives_a_renewal(page: Page) -> None:
    page.goto("/absences/2")
    slider = page.get_by_role("slider", name="Timeline")
    slider.focus()
    with page.expect_response(lambda response: response.request.headers.get("hx-target") == "div#absence"):
        page.evaluate("document.body.dispatchEvent(new CustomEvent('hallwatch:alert', {detail: {}, bubbles: true}))")
    page.keyboard.press("ArrowRight")
    expect(slider).to_be_focused()


def test_the_chart_is_drawn_anew_when_its_numbers_change(page: Page, day: Services) -> None:
    page.goto("/health")
    drawing = "document.querySelector('time-chart canvas').toDataURL()"
    until(page, "Boolean(document.querySelector('time-chart canvas'))")
    page.evaluate("document.querySelector('time-chart canvas').kept = true")
    before = page.evaluate(drawing)
    with day.database.transaction() as session:
        session.add(Gap(camera_id=CAMERA, start=ago(30), end=ago(10), cause=GapCause.CAMERA_STALLED))
    page.evaluate("document.body.dispatchEvent(new CustomEvent('hallwatch:camera', {detail: {}, bubbles: true}))")
    until(page, f"{drawing} !== {before!r}")
    assert page.evaluate("document.querySelector('time-chart canvas').kept") is True


def test_a_page_whose_session_has_ended_leads_to_the_sign_in_page_and_back(page: Page, day: Services) -> None:
    page.goto("/cases?status=open")
    with day.database.transaction() as session:
        admin = session.exec(select(User).where(User.name == "admin")).one()
        assert admin.id is not None
        sessions.close_all(session, admin.id)
    page.evaluate("document.body.dispatchEvent(new CustomEvent('hallwatch:step', {detail: {}, bubbles: true}))")
    page.wait_for_url("**/sign-in?next=/cases%3Fstatus%3Dopen", timeout=WITHIN_MS)


def test_ten_pages_of_one_browser_share_one_connection(page: Page, day: Services, site: Site) -> None:
    """A browser opens six to one host: the seventh page would never come."""
    pages = [page, *(page.context.new_page() for _ in range(9))]
    for each in pages:
        each.add_init_script(WAIT_FOR_SNAPSHOT)
        each.goto("/cases")
        heard(each)
    assert site.listening == 1
    pages[0].close()
    with day.database.transaction() as session:
        open_a_case(session)
    for each in pages[1:]:
        expect(each.locator("#results tr", has_text=NUMBER)).to_be_visible(timeout=WITHIN_MS)
    assert (site.listening, site.listened) == (1, 1)


def test_who_signs_in_after_somebody_else_hears_over_a_connection_of_their_own(
    page: Page, day: Services, site: Site
) -> None:
    page.add_init_script(WAIT_FOR_SNAPSHOT)
    page.goto("/cases")
    heard(page)
    with day.database.transaction() as session:
        user = session.exec(select(User).where(User.name == "supervisor")).one()
        token = sessions.open_session(session, user.id or 0, NOW + timedelta(seconds=1)).token
    page.context.add_cookies([{"name": sessions.COOKIE, "value": token, "url": site.address}])
    other = page.context.new_page()
    other.add_init_script(WAIT_FOR_SNAPSHOT)
    other.goto("/cases")
    heard(other)
    assert site.listening == 2


def test_a_browser_without_shared_workers_listens_too(page: Page, day: Services) -> None:
    page.add_init_script("delete window.SharedWorker;" + WAIT_FOR_SNAPSHOT)
    page.goto("/cases")
    heard(page)
    with day.database.transaction() as session:
        open_a_case(session)
    expect(page.locator("#results tr", has_text=NUMBER)).to_be_visible(timeout=WITHIN_MS)


def test_a_browser_in_which_the_worker_cannot_run_listens_too(page: Page) -> None:
    page.add_init_script(
        "window.SharedWorker = class extends EventTarget { port = new MessageChannel().port1;"
        " constructor() { super(); setTimeout(() => this.onerror(new Event('error'))) } };" + WAIT_FOR_SNAPSHOT
    )
    page.goto("/cases")
    heard(page)


def test_the_name_of_a_view_that_is_being_typed_stays_when_the_list_renews_itself(page: Page, day: Services) -> None:
    page.goto("/cases?status=open")
    row = page.locator("#results tr[id^=case-]").first.get_attribute("id") or ""
    page.locator("#results details summary").click()
    name = page.locator("#f-name")
    name.fill("在办")
    with day.database.transaction() as session:
        session.get_one(Case, int(row.removeprefix("case-"))).number = "NEW"
    page.evaluate("document.body.dispatchEvent(new CustomEvent('hallwatch:back'))")
    expect(page.locator(f"#{row} .lead a")).to_have_text("NEW", timeout=WITHIN_MS)
    expect(name).to_be_visible()
    expect(name).to_have_value("在办")
    page.goto("/cases?status=closed")
    expect(page.locator("#f-name")).to_have_value("")


def test_cards_renew_themselves_and_leave_an_answer_that_is_being_typed(page: Page, day: Services) -> None:
    with day.database.transaction() as session:
        session.add(a_card(1, id=1, raised_at=ago(60)))
    page.add_init_script(WAIT_FOR_SNAPSHOT)
    page.goto("/cards")
    keep(page)
    row = page.locator("#card-1")
    row.get_by_text("How it was reckoned").click()
    row.get_by_text("Answer or decide").click()
    answer = row.get_by_label("Reason")
    answer.fill("系统升级")
    expect(page.locator(".rail-column [data-open=cards]")).to_have_text("1")
    with day.database.transaction() as session:
        session.add(a_card(2, id=2, raised_at=ago(30)))
    page.evaluate("document.body.dispatchEvent(new CustomEvent('hallwatch:back'))")
    expect(page.locator("#card-2")).to_be_visible(timeout=WITHIN_MS)
    expect(page.locator(".rail-column [data-open=cards]")).to_have_text("2")
    expect(answer).to_be_visible()
    expect(answer).to_have_value("系统升级")
    expect(row.get_by_text("Rules for cards").first).to_be_visible()
    assert page.evaluate("window.kept") is True
    row.get_by_role("button", name="Withdraw").click()
    expect(page.locator(".rail-column [data-open=cards]")).to_have_text("1")
