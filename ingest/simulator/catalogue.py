"""Who and what there is in the simulated hall; every name is invented."""

from dataclasses import dataclass
from datetime import datetime, timedelta

DISTRICT = ("chancheng", "禅城区", "Chancheng District")
HALL = ("cc-sim", "禅城区政务服务中心（模拟）", "Chancheng Service Centre (simulated)")
SIGN = ("禅城区政务服务中心", "Chancheng Government Service Centre")
SOURCE = ("cc-sim-platform", "禅城区审批平台（模拟）")
ZONE = "Asia/Shanghai"


@dataclass(frozen=True)
class DepartmentEntry:
    id: str
    name: str
    name_en: str


@dataclass(frozen=True)
class ContactEntry:
    name: str
    phone: str


@dataclass(frozen=True)
class ItemEntry:
    code: str
    name: str
    name_en: str
    department: str
    legal_days: int
    promised_days: int
    at_once: bool
    """Decided and delivered while the applicant waits."""


DEPARTMENTS = (
    DepartmentEntry("cc-market", "禅城区市场监督管理局", "Chancheng Market Regulation Bureau"),
    DepartmentEntry("cc-human-resources", "禅城区人力资源和社会保障局", "Chancheng Human Resources Bureau"),
    DepartmentEntry("cc-housing", "禅城区住房城乡建设和水利局", "Chancheng Housing and Construction Bureau"),
    DepartmentEntry("cc-health", "禅城区卫生健康局", "Chancheng Health Bureau"),
)
CONTACTS = (
    ContactEntry("何立群", "0757-55500001"),
    ContactEntry("许文静", "0757-55500002"),
    ContactEntry("钟国平", "0757-55500003"),
    ContactEntry("罗嘉怡", "0757-55500004"),
)
"""The contact person of each of DEPARTMENTS, in their order."""

ITEMS = (
    ItemEntry("CC-SJ-001", "个体工商户设立登记", "Registration of a sole trader", "cc-market", 15, 1, True),
    ItemEntry("CC-SJ-014", "食品经营许可", "Food business licence", "cc-market", 20, 8, False),
    ItemEntry(
        "CC-RS-003", "社会保障卡补办", "Replacement of a social security card", "cc-human-resources", 20, 1, True
    ),
    ItemEntry("CC-RS-021", "劳务派遣经营许可", "Labour dispatch licence", "cc-human-resources", 20, 10, False),
    ItemEntry("CC-ZJ-008", "建筑工程施工许可", "Building permit", "cc-housing", 7, 3, False),
    ItemEntry("CC-ZJ-017", "公共租赁住房资格确认", "Public rental housing eligibility", "cc-housing", 30, 15, False),
    ItemEntry("CC-WJ-005", "公共场所卫生许可", "Hygiene permit for public places", "cc-health", 20, 5, False),
    ItemEntry("CC-WJ-011", "护士执业注册", "Nurse registration", "cc-health", 20, 2, True),
)

OPERATORS = ("陈静仪", "梁国安", "黄晓雯", "何志强", "李敏华", "周丽珊", "吴俊杰", "郑佩琪")
REVIEWERS = ("罗文韬", "谢婉婷", "邓海明", "冯雅诗")
APPLICANTS = (
    "张伟光", "刘美玲", "王建业", "林秋萍", "赵启明", "孙慧敏", "胡家豪", "朱淑贞", "高志远", "马春燕", "郭文彬",
    "曾丽萍", "蔡永康", "潘玉珍", "袁浩然", "于佳怡", "董立群", "余思敏", "苏德胜", "叶嘉欣", "吕国栋", "魏雪梅",
)  # fmt: skip


def due_after(start: datetime, working_days: int) -> datetime:
    """When the platform says a case is due: it counts Monday to Friday and knows no holidays."""
    due = start
    while working_days > 0:
        due += timedelta(days=1)
        working_days -= due.weekday() < 5
    return due
