"""Whoever reads Chinese is told in Chinese what is wrong with a form or an address."""

from typing import Any

import pytest
from fastapi.testclient import TestClient

from storage.models import MAX_THRESHOLD_S
from tests.web.pages.chinese import english_sentences, problems
from tests.web.pages.conftest import SignIn
from web.body_limits import IMPORT

ZH = {"Accept-Language": "zh-CN"}
HALL = {"id": "sd", "district": "nanhai", "name": "顺德大厅"}
CAMERA = {"id": "cam", "hall": "cc", "url": "rtsp://192.0.2.9/main", "transport": "tcp"}
VIEW = {"camera": "cc-cam-1", "counter": "cc-1", "staff_zone": "[[0.1,0.1],[0.4,0.1],[0.4,0.4]]"}
MASK = {"camera": "cc-cam-1", "polygon": VIEW["staff_zone"], "reason": "屏幕"}
RULE = {"threshold_s": "300", "waiting_threshold_s": "60"}
USER = {"name": "li", "role": "inspector", "halls": ["cc"], "active": "true"}
SOURCE = {"id": "city", "hall": "cc"}
DEPARTMENT = {"id": "taxes", "name": "税务局"}
WRITE_HOURS = "请写成例如 mon-fri 09:00-12:00 或 sat,sun 10:00-16:00。"
WRITE_ALIAS = "请写成“平台的叫法 = 窗口标识”，例如 A03 = cc-3。"
NAME_RULE = "只能使用字母、数字和 . _ -，不含空格，并以字母或数字开头。"
USER_NAME_RULE = "登录名最多 64 个字符，只能使用字母（含汉字）、数字和 . _ - @，不含空格，并以字母或数字开头。"

Mistake = tuple[str, dict[str, Any], str]
MISTAKES: list[Mistake] = [
    ("halls", HALL | {"id": "with blanks"}, NAME_RULE),
    ("halls", HALL | {"id": ""}, "此项必填。"),
    ("halls", HALL | {"name": "厅" * 201}, "不能超过 200 个字符。"),
    ("halls", HALL | {"district": "none"}, "没有区“none”。"),
    ("halls", HALL | {"timezone": "Mars/Base"}, "“Mars/Base”不是 IANA 时区；请填写例如 Asia/Shanghai。"),
    (
        "halls",
        HALL | {"hours": "mon-fri 09:00-12:00\n\nsometimes"},
        f"第 3 行：“sometimes”不是“星期 空格 时段”的形式。{WRITE_HOURS}",
    ),
    (
        "halls",
        HALL | {"hours": "mo-fr 09:00-12:00"},
        f"第 1 行：“mo-fr”不是星期或星期范围，应写成 mon-fri、sat 或 mon,wed。{WRITE_HOURS}",
    ),
    (
        "halls",
        HALL | {"hours": "sat-mon 09:00-12:00"},
        f"第 1 行：“sat-mon”首尾颠倒，请拆成两段，例如 sat-sun,mon。{WRITE_HOURS}",
    ),
    ("halls", HALL | {"hours": "mon 25:00-26:00"}, f"第 1 行：时刻应写成 09:00 的形式。{WRITE_HOURS}"),
    ("halls", HALL | {"hours": "mon 12:00 - 09:00"}, f"第 1 行：结束时间 09:00 不晚于开始时间 12:00。{WRITE_HOURS}"),
    ("counters", {"id": "cc-9", "hall": "none", "number": "9"}, "没有大厅“none”。"),
    ("counters", {"id": "cc-9", "hall": "cc", "number": ""}, "此项必填。"),
    (
        "counters",
        {"id": "cc-9", "hall": "cc", "number": "1"},
        "本大厅的窗口 cc-1 已使用此编号；请为其中一个窗口改用其他编号。",
    ),
    ("cameras", CAMERA | {"url": "http://192.0.2.9"}, "必须是 RTSP 地址，例如 rtsp://192.0.2.10:554/stream1"),
    ("cameras", CAMERA | {"url": "rtsp://[::1/x"}, "必须是 RTSP 地址，例如 rtsp://192.0.2.10:554/stream1"),
    ("cameras", CAMERA | {"url": "rtsp://h:x/y"}, "必须是 RTSP 地址，例如 rtsp://192.0.2.10:554/stream1"),
    ("cameras", CAMERA | {"sub_url": "rtsp://u:p@192.0.2.9/"}, "地址中不得含用户名或密码，请填入相应的栏。"),
    ("cameras", CAMERA | {"transport": "http"}, "请从列表中选择。"),
    ("cameras", CAMERA | {"password": "x"}, "填写了密码，但没有填写用户名。"),
    ("views", VIEW | {"camera": "none"}, "没有摄像机“none”。"),
    ("views", VIEW | {"counter": "none"}, "没有窗口“none”。"),
    ("views", VIEW | {"counter": "nh-1"}, "窗口属于大厅“nh”，与摄像机不在同一大厅。"),
    ("views", VIEW | {"staff_zone": "[["}, "无法识别为顶点列表。"),
    ("views", VIEW | {"staff_zone": "{}"}, "必须是列表。"),
    ("views", VIEW | {"staff_zone": '[["a", 0]]'}, "必须是数字。"),
    ("views", VIEW | {"staff_zone": "[[0, 0]]"}, "区域须有 3 至 64 个顶点，现有 1 个。"),
    ("views", VIEW | {"staff_zone": "[[0,0],[1,1],[1]]"}, "第 3 个顶点必须写成 [x, y]。"),
    (
        "views",
        VIEW | {"customer_zone": "[[0,0],[1,1],[2,1.5]]"},
        "第 3 个顶点为 [2, 1.5]：x 和 y 是占画面的比例，取值 0 到 1。",
    ),
    (
        "views",
        VIEW | {"staff_zone": "[[0,0],[0.5,0.5],[1,1]]"},
        "各顶点没有围成区域：它们在一条直线上。",
    ),
    ("views", VIEW | {"valid_from": "2026-03-02T13:00", "valid_to": "2026-03-02T12:00"}, "失效时间须晚于生效时间。"),
    ("masks", MASK | {"valid_from": "2026-03-02T13:00", "valid_to": "2026-03-02T12:00"}, "失效时间须晚于生效时间。"),
    ("rules", RULE | {"threshold_s": "soon"}, "必须是整数。"),
    ("rules", RULE | {"threshold_s": "0"}, "不能小于 1。"),
    ("rules", RULE | {"waiting_threshold_s": str(MAX_THRESHOLD_S + 1)}, f"不能大于 {MAX_THRESHOLD_S}。"),
    ("rules", RULE | {"hall": "cc", "counter": "cc-1"}, "大厅和窗口只能指定一个。"),
    ("users", USER | {"name": "admin"}, "用户“admin”已存在。"),
    ("users", USER | {"name": "Admin"}, "用户“admin”已存在；登录名不能只有大小写不同。"),
    ("users", USER | {"name": "li ming"}, USER_NAME_RULE),
    ("users", USER | {"role": "king"}, "请从列表中选择。"),
    ("users", USER | {"halls": ["none"]}, "没有大厅“none”。"),
    ("users", USER | {"role": "department"}, "“部门”角色的用户必须指定部门。"),
    ("users", USER | {"department": "none"}, "没有部门“none”。"),
    ("users", USER | {"password": "short"}, "密码至少 10 个字符。"),
    ("users", USER | {"password": "x" * 201}, "密码最多 200 个字符。"),
    ("users?edit=admin", USER, "不能取消自己的管理员权限，请由其他管理员操作。"),
    ("sources", SOURCE | {"counters": "A01 = cc-1\nA02"}, f"第 2 行：“A02”中没有等号。{WRITE_ALIAS}"),
    ("sources", SOURCE | {"counters": "= cc-1"}, f"第 1 行：等号前没有名称。{WRITE_ALIAS}"),
    ("sources", SOURCE | {"counters": "A01 ="}, f"第 1 行：等号后没有窗口标识。{WRITE_ALIAS}"),
    ("sources", SOURCE | {"counters": "A01 = none"}, "A01：没有窗口“none”。"),
    ("sources", SOURCE | {"counters": "A01 = c c"}, f"A01：{NAME_RULE}"),
    ("departments", DEPARTMENT | {"district": "none"}, "没有区“none”。"),
    ("districts", {"id": "nanhai", "name": ""}, "此项必填。"),
    (
        "halls/remove?edit=cc",
        {},
        "“cc”正被使用：窗口：cc-1, cc-10, cc-2, cc-3, cc-4；摄像机：cc-cam-1, cc-cam-2；数据来源：cc-platform；"
        "离岗规则；用户的授权范围；与其相关的录像和记录须予保留；可改为停用、结束或改名。未做任何更改。",
    ),
    ("users/remove?edit=inspector", {}, "为保留访问日志中的姓名，用户不能删除；请取消“允许登录”。"),
]


@pytest.mark.parametrize(("section", "form", "said"), MISTAKES)
def test_a_mistake_in_a_form_is_told_in_chinese(sign_in: SignIn, section: str, form: dict[str, Any], said: str) -> None:
    page = sign_in("admin").post(f"/admin/{section}", data=form, headers=ZH)
    assert page.status_code in (409, 422)
    assert {problem.removeprefix("工作人员区：").removeprefix("群众区：") for problem in problems(page.text)} == {said}
    assert english_sentences(page.text.partition("<table")[0]) == []


def test_what_may_be_written_into_a_form_is_shown_in_chinese(sign_in: SignIn) -> None:
    page = sign_in("admin").get("/admin/masks?new=true&camera=cc-cam-1", headers=ZH).text
    assert 'placeholder="隔壁办公室的屏幕"' in page


def test_thresholds_are_listed_in_chinese_seconds(sign_in: SignIn) -> None:
    assert "240 秒" in sign_in("admin").get("/admin/rules", headers=ZH).text


@pytest.mark.parametrize(
    ("method", "path", "status", "said"),
    [
        ("get", "/nowhere", 404, "没有找到"),
        ("post", "/cases", 405, "不能这样使用此网址"),
        ("get", "/cases?status=odd", 422, "<b>状态</b> 请从列表中选择。"),
        ("get", "/cases/odd", 404, "没有找到"),
        ("get", "/absences?waiting=perhaps", 422, "<b>有人等候</b> 必须是“是”或“否”。"),
        ("get", f"/cases?q={'x' * 101}", 422, "<b>搜索</b> 不能超过 100 个字符。"),
        ("post", "/admin/halls/remove", 422, "<b>要更改的内容</b> 此项必填。"),
    ],
)
def test_an_error_page_says_in_chinese_what_is_wrong(
    sign_in: SignIn, method: str, path: str, status: int, said: str
) -> None:
    page = sign_in("admin").request(method, path, headers=ZH)
    assert page.status_code == status
    assert said in page.text
    assert english_sentences(page.text) == []


def test_a_file_that_is_too_large_is_refused_in_chinese(sign_in: SignIn) -> None:
    page = sign_in("admin").post("/import", content=b"", headers=ZH | {"Content-Length": str(IMPORT.size + 1)})
    assert page.status_code == 413
    assert "文件超过 512 MB。请拆分文件，或使用命令：hallwatch import-cases" in page.text
    assert english_sentences(page.text) == []


def test_a_form_without_its_token_is_refused_in_chinese(sign_in: SignIn) -> None:
    client: TestClient = sign_in("admin")
    del client.headers["X-CSRF-Token"]
    page = client.post("/admin/halls", data=HALL, headers=ZH)
    assert page.status_code == 403
    assert english_sentences(page.text) == []


@pytest.mark.parametrize("path", ["/cases", "/absences", "/findings", "/alerts"])
def test_days_in_the_wrong_order_are_named_as_such(sign_in: SignIn, path: str) -> None:
    page = sign_in("investigator").get(f"{path}?from=2026-11-23&to=2026-11-22", headers=ZH)
    assert problems(page.text) == ["截止日期早于起始日期，请重新选择。"]
    same_day = sign_in("investigator").get(f"{path}?from=2026-11-23&to=2026-11-23", headers=ZH)
    assert problems(same_day.text) == []


def test_days_in_the_wrong_order_are_named_where_htmx_renews_the_results_alone(sign_in: SignIn) -> None:
    partial = ZH | {"HX-Request-Type": "partial", "HX-Target": "section#results"}
    page = sign_in("investigator").get("/cases?from=2026-11-23&to=2026-11-22", headers=partial)
    assert page.text.lstrip().startswith('<section id="results"')
    assert problems(page.text) == ["截止日期早于起始日期，请重新选择。"]
