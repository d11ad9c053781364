"""What a notification says: Chinese first, then English, with the times of the hall."""

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from storage.models import AlertKind, FaultKind, StoreVerdict

_FAULTS = {
    FaultKind.NO_SIGNAL: ("无信号", "has no signal"),
    FaultKind.DARK: ("画面全黑", "is dark"),
    FaultKind.FROZEN: ("画面静止", "is frozen"),
    FaultKind.OBSTRUCTED: ("画面被遮挡", "is obstructed"),
    FaultKind.BLURRED: ("画面模糊", "is blurred"),
    FaultKind.OVEREXPOSED: ("画面过曝", "is over-exposed"),
    FaultKind.MOVED: ("拍摄位置已改变", "looks elsewhere than when its zones were drawn"),
    FaultKind.CLOCK_WRONG: ("时钟不准", "has a wrong clock"),
    FaultKind.SUB_STREAM: ("子码流无法取得", "does not send its sub-stream"),
}

_AT_A_COUNTER = {
    AlertKind.ABSENCE: ("离岗", "Nobody"),
    AlertKind.UNATTENDED: ("有人等候，无人接待", "Customer waits unattended"),
    AlertKind.QUEUE: ("排队过长", "Long queue"),
    AlertKind.NEVER_STAFFED: ("开门后未到岗", "Nobody since opening"),
    AlertKind.LEFT_EARLY: ("提前离岗", "Early leaving"),
    AlertKind.CROWD: ("工作区人员聚集", "Crowd"),
}

_STORE = {
    StoreVerdict.LOCK_BROKEN: (
        "录像存储未能阻止删除已锁定的对象",
        "The store lets locked objects be deleted",
    ),
    StoreVerdict.FAILED: ("录像存储自检未通过", "The store fails its self-test"),
}

_ROLES = {"recorder": ("录像程序", "Recorder"), "watcher": ("识别程序", "Watcher")}


@dataclass(frozen=True, slots=True)
class Subject:
    """What an alert is about, in the words of the place."""

    kind: AlertKind
    page: str
    """Where to look, e.g. /alerts."""
    hall: tuple[str, str]
    """Chinese, English; empty where every hall is concerned."""
    timezone: str
    since: datetime
    until: datetime | None = None
    """None while it lasts."""
    counter: str = ""
    """The number above it."""
    camera: str = ""
    fault: FaultKind | None = None
    node: str = ""
    """The process that is silent, whose spool fills or whose job fails."""
    role: str = ""
    spool_level: int | None = None
    """In percent."""
    job: str = ""
    """What keeps failing."""
    people: tuple[int, int] | None = None
    """Seen, and of the rule: required, or too many from the next on."""
    affected: tuple[int, int] = (0, 0)
    """Of a whole hall: at how many counters, of how many that are watched."""
    source: str = ""
    """The approval platform that is silent or has left out batches."""
    store: StoreVerdict | None = None
    """What its self-test found."""
    unanswered_minutes: int = 0
    """For so long nobody has acknowledged it, which is why it is told now."""


@dataclass(frozen=True, slots=True)
class Notice:
    title: str
    body: str


def notice(subject: Subject, public_url: str) -> Notice:
    """`public_url` without a slash at its end; empty: no link."""
    chinese, english = _sentences(subject)
    when, when_english = _times(subject)
    lines = [
        f"{chinese}，{when}（{subject.timezone}）。",
        f"{english} {when_english} ({subject.timezone}).",
        *([f"{public_url}{subject.page}"] if public_url else []),
    ]
    over, over_english = ("（已结束）", " (over)") if subject.until else ("", "")
    if minutes := subject.unanswered_minutes:
        over, over_english = f"（{minutes} 分钟内无人确认）", f" (not acknowledged for {minutes} min)"
    return Notice(title=f"{chinese}{over} · {english}{over_english}", body="\n".join(lines))


def trial(channel: str, public_url: str) -> Notice:
    """What a channel is sent to find out whether it works."""
    lines = [
        f"这是 Hallwatch 发往渠道 {channel} 的测试消息，无需处理。",
        f"This is a test message of Hallwatch to the channel {channel}; nothing needs to be done.",
        *([public_url] if public_url else []),
    ]
    return Notice(title="Hallwatch 测试消息 · Test message", body="\n".join(lines))


def _times(subject: Subject) -> tuple[str, str]:
    zone = ZoneInfo(subject.timezone)
    since = f"{subject.since.astimezone(zone):%Y-%m-%d %H:%M:%S}"
    if subject.until is None:
        return f"自 {since}", f"since {since}"
    until = f"{subject.until.astimezone(zone):%Y-%m-%d %H:%M:%S}"
    return f"自 {since} 至 {until}", f"from {since} to {until}"


def _at_a_counter(subject: Subject) -> tuple[str, str]:
    seen, limit = subject.people or (0, 0)
    if subject.kind is AlertKind.ABSENCE and subject.people:
        return f"在岗人数不足（应到 {limit} 人，实到 {seen} 人）", f"Too few staff ({seen} of {limit})"
    if subject.kind is AlertKind.QUEUE:
        return f"排队过长（{seen} 人，超过 {limit} 人）", f"Long queue ({seen} people, more than {limit})"
    if subject.kind is AlertKind.CROWD:
        return f"工作区人员聚集（{seen} 人，超过 {limit} 人）", f"Crowd ({seen} people, more than {limit})"
    return _AT_A_COUNTER[subject.kind]


def _sentences(subject: Subject) -> tuple[str, str]:
    hall, hall_en = subject.hall[0], subject.hall[1] or subject.hall[0]
    if subject.kind in _AT_A_COUNTER:
        words, words_en = _at_a_counter(subject)
        return f"{hall} {subject.counter}号窗口{words}", f"{words_en} at counter {subject.counter} of {hall_en}"
    if subject.kind is AlertKind.NODE_SILENT:
        role, role_en = _ROLES.get(subject.role, ("程序", "Process"))
        return f"{role} {subject.node} 无响应", f"{role_en} {subject.node} is silent"
    if subject.kind is AlertKind.SPOOL_FILLING:
        level = subject.spool_level
        waiting = f"Footage that waits on recorder {subject.node} is at {level} % of its limit"
        return f"录像程序 {subject.node} 的待入库录像已达上限的 {level}%", waiting
    if subject.kind is AlertKind.FOOTAGE_UNREADABLE:
        return (
            f"录像程序 {subject.node} 的磁盘上有无法读取的录像文件",
            f"Files of footage on the disk of recorder {subject.node} cannot be read",
        )
    if subject.kind is AlertKind.JOB_FAILING:
        return (
            f"程序 {subject.node} 的任务 {subject.job} 持续失败",
            f"Job {subject.job} of {subject.node} keeps failing",
        )
    if subject.kind is AlertKind.BATCHES_MISSING:
        return f"数据来源 {subject.source} 有批次缺失", f"Batches of source {subject.source} are missing"
    if subject.kind is AlertKind.SOURCE_SILENT:
        return f"数据来源 {subject.source} 超过规定时间无数据", f"Source {subject.source} sends nothing"
    if subject.kind is AlertKind.STORE_UNSAFE:
        return _STORE[subject.store] if subject.store else _STORE[StoreVerdict.FAILED]
    if subject.kind is AlertKind.HALL_AFFECTED:
        count, watched = subject.affected
        return (
            f"{hall} {watched} 个窗口中有 {count} 个同时无人或情况未知",
            f"{count} of {watched} counters of {hall_en} are unstaffed or unknown at once",
        )
    state, state_en = _FAULTS[subject.fault] if subject.fault else ("故障", "is faulty")
    return f"{hall} 摄像机 {subject.camera} {state}", f"Camera {subject.camera} of {hall_en} {state_en}"
