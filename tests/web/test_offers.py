"""Where the same item differs between the city and the districts."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.models import LimitUnit
from web.offers import Aspect, Authority, Offer, differences

CITY = Offer(
    authority=Authority("", "", ""),
    source="市平台",
    version="1",
    valid_from=None,
    name="食品经营许可",
    name_en="Food licence",
    department="市场监管局",
    department_en="",
    legal_limit=20,
    promised_limit=5,
    limit_unit=LimitUnit.DAYS,
    links=({"kind": "accept", "limit": 1, "unit": "days"}, {"kind": "decide", "limit": 4, "unit": "days"}),
    fees=({"code": "F1", "name": "工本费", "amount": "10.00"}, {"code": "F2", "name": "检验费", "amount": "50.00"}),
    materials=({"name": "申请表", "copies": 1}, {"name": "身份证", "copies": 1}),
    conditions=("年满18周岁", "有固定场所"),
)


@pytest.mark.parametrize(
    ("change", "found"),
    [
        ({"name": "另一个名称", "version": "2"}, ()),
        ({"legal_limit": 10}, (Aspect.LEGAL_LIMIT,)),
        ({"promised_limit": None}, (Aspect.PROMISED_LIMIT,)),
        ({"limit_unit": LimitUnit.HOURS}, (Aspect.LEGAL_LIMIT, Aspect.PROMISED_LIMIT)),
        ({"links": tuple(reversed(CITY.links))}, (Aspect.LINKS,)),
        ({"fees": CITY.fees[:1]}, (Aspect.FEES,)),
        ({"materials": ()}, (Aspect.MATERIALS,)),
        ({"conditions": ("年满18周岁",)}, (Aspect.CONDITIONS,)),
    ],
)
def test_each_aspect_is_told(change: dict[str, Any], found: tuple[Aspect, ...]) -> None:
    assert differences([CITY, CITY, replace(CITY, **change)]) == found
    assert differences([replace(CITY, **change), CITY]) == found


@given(st.permutations(CITY.fees), st.permutations(CITY.materials), st.permutations(CITY.conditions))
def test_what_has_no_order_does_not_differ_by_it(fees: Any, materials: Any, conditions: Any) -> None:
    other = replace(CITY, fees=tuple(fees), materials=tuple(materials), conditions=tuple(conditions))
    assert differences([CITY, other]) == ()


def test_one_offer_alone_differs_from_nothing() -> None:
    assert differences([CITY]) == differences([]) == ()
