"""Who and what there is in the simulated city; every name is invented."""

from dataclasses import dataclass
from datetime import date

from ingest.simulator.city.days import ONE_DAY, at, is_worked

Row = dict[str, object]
YEAR = 2026


@dataclass(frozen=True)
class Period:
    """Both days included."""

    first: date
    last: date


THE_YEAR = Period(date(YEAR, 1, 5), date(YEAR, 12, 31))
PUSH_HOUR = 18.5
"""At this hour of every working day a platform sends what has come since."""
COUNTERS = 6


@dataclass(frozen=True)
class Platform:
    """An approval platform; several places may share one."""

    id: str
    name: str
    sends_files: bool = False
    """Drops a file each day instead of pushing numbered batches."""

    def sends_on(self, day: date) -> date:
        """The first day from then on at whose end it sends."""
        while not is_worked(day):
            day += ONE_DAY
        return day


@dataclass(frozen=True)
class Place:
    """A service hall: of a district, or the city's own."""

    id: str
    """Also the beginning of its case numbers and of the ids of its counters."""
    district: str
    name: str
    name_en: str
    platform: Platform
    closed: frozenset[date]
    """Days on which it alone was closed."""

    def counter(self, number: int) -> str:
        return f"{self.id}-{number}"


@dataclass(frozen=True)
class Item:
    code: str
    name: str
    department: str
    promised: int
    legal: int | None
    """Working days; None: none of its own, so that the law's hold."""
    links: tuple[tuple[str, int | None], ...] = (("accept", None), ("review", None), ("decide", None), ("close", None))
    """In their order, with the working days that each may take."""
    fee: tuple[str, str, str] = ("F1", "工本费", "10.00")
    """Code, name and yuan."""
    joint: bool = False
    """Several departments handle it together."""
    in_hours: bool = False
    """Its limits are working hours from the moment of acceptance on, no days."""

    @property
    def has_link_limits(self) -> bool:
        return any(limit is not None for _, limit in self.links)

    @property
    def costs(self) -> bool:
        return float(self.fee[2]) > 0

    def link(self, kind: str) -> int | None:
        return dict(self.links)[kind]

    def row(self) -> Row:
        code, name, amount = self.fee
        return {
            "record": "item",
            "code": self.code,
            "version": "1",
            "valid_from": at(date(YEAR, 1, 1), 0).isoformat(),
            "name": self.name,
            "department": self.department,
            "legal_limit": self.legal,
            "promised_limit": self.promised,
            "limit_unit": "hours" if self.in_hours else "days",
            "joint": self.joint,
            "links": [{"kind": kind, "limit": limit} for kind, limit in self.links],
            "fees": [{"code": code, "name": name, "amount": amount}],
        }


_SHARED = Platform("shared-platform", "三区共用审批平台")
PLATFORMS = (
    Platform("city-platform", "市级审批平台"),
    _SHARED,
    Platform("nanhai-platform", "南海区审批平台"),
    Platform("shunde-platform", "顺德区审批平台", sends_files=True),
)
_TYPHOON = frozenset([date(YEAR, 7, 20)])
_FLOOD = frozenset([date(YEAR, 6, 11), date(YEAR, 6, 12)])
PLACES = (
    Place("fs", "foshan", "佛山市政务服务中心", "Foshan Service Centre", PLATFORMS[0], frozenset()),
    Place("cc", "chancheng", "禅城区政务服务中心", "Chancheng Service Centre", _SHARED, _TYPHOON),
    Place("gm", "gaoming", "高明区政务服务中心", "Gaoming Service Centre", _SHARED, _FLOOD),
    Place("ss", "sanshui", "三水区政务服务中心", "Sanshui Service Centre", _SHARED, frozenset()),
    Place("nh", "nanhai", "南海区政务服务中心", "Nanhai Service Centre", PLATFORMS[2], _TYPHOON),
    Place("sd", "shunde", "顺德区政务服务中心", "Shunde Service Centre", PLATFORMS[3], _TYPHOON | _FLOOD),
)
DISTRICTS = {
    "foshan": ("市本级", "City of Foshan"),
    "chancheng": ("禅城区", "Chancheng"),
    "gaoming": ("高明区", "Gaoming"),
    "sanshui": ("三水区", "Sanshui"),
    "nanhai": ("南海区", "Nanhai"),
    "shunde": ("顺德区", "Shunde"),
}
DEPARTMENTS = {"market": "市场监督管理局", "labour": "人力资源和社会保障局", "housing": "住房城乡建设局"}


def _limited(review: int | None, decide: int) -> tuple[tuple[str, int | None], ...]:
    return (("accept", 2), ("review", review), ("decide", decide), ("close", None))


ITEMS = (
    Item("FS-SJ-01", "食品经营许可", "market", promised=8, legal=20),
    Item("FS-SJ-02", "特种设备使用登记", "market", promised=10, legal=10, fee=("F2", "登记费", "30.00")),
    Item("FS-RS-03", "劳务派遣经营许可", "labour", promised=10, legal=20, links=_limited(5, 3)),
    Item("FS-RS-04", "职业培训学校设立", "labour", promised=12, legal=None, fee=("", "不收费", "0")),
    Item("FS-ZJ-05", "建筑工程施工许可", "housing", promised=5, legal=7),
    Item("FS-ZJ-06", "公共租赁住房资格确认", "housing", promised=15, legal=30, links=_limited(8, 5)),
    Item("FS-ZJ-07", "投资项目联合审批", "housing", promised=25, legal=None, joint=True),
    Item("FS-RS-08", "人力资源服务许可", "labour", promised=12, legal=20, links=_limited(None, 3)),
    Item("FS-SJ-09", "个体工商户登记", "market", promised=26, legal=39, fee=("", "不收费", "0"), in_hours=True),
)
WINDOW_STAFF = ("陈静仪", "梁国安", "黄晓雯", "何志强", "李敏华", "周丽珊")
REVIEWERS = ("罗文韬", "谢婉婷", "邓海明", "冯雅诗", "程立人")
SUPPLEMENTERS = ("邓广林", "区惠芬")
"""Who enter what others have done, many cases at once."""
APPLICANTS = ("张伟光", "刘美玲", "王建业", "林秋萍", "赵启明", "孙慧敏", "胡家豪", "朱淑贞", "高志远", "马春燕")
REASONS = ("hearing", "inspection", "testing", "appraisal", "expert_review")
