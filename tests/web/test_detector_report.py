import re
from datetime import UTC, datetime

import pytest

from analytics.against_labels import AbsencesFound, EdgesFound
from analytics.evaluation import Cost, Report, WrongSecond, ZoneScore
from analytics.evaluation_pictures import Example
from web.detector_report import Conditions, page

HOW = Conditions("clips <1>", datetime(2026, 1, 5, 2, 3, tzinfo=UTC), "0.1.0", 2, 1.5, 0.35, 5.0)
PICTURE = b"\xff\xd8jpeg"


def a_page(*detectors: str) -> str:
    wrong = (WrongSecond(3.5, True),)
    scores = tuple(
        ZoneScore(
            "clip", "z", "staff", detector, 99, 0, 0, wrong, AbsencesFound(2, 2, 2, 2), EdgesFound((0.5, 2.5)),
            Cost(1.0, 1.0, 60.0, 10),
        )
        for detector in detectors
    )  # fmt: skip
    seen = [Example("clip", "z", detectors[0], 3.5, 1, True, PICTURE)]
    return page(Report(scores, ("<lost>.mp4",)), {"clip": PICTURE}, seen, HOW).decode()


def test_the_report_stands_for_itself_and_has_its_pictures_inside() -> None:
    said = a_page("onnx yolox")
    assert re.findall(r'(?:src|href)="(?!data:)', said) == []
    assert "url(" not in said
    assert said.count('src="data:image/jpeg;base64,') == 2


def test_everything_is_said_in_both_languages_and_no_name_is_taken_for_html() -> None:
    said = a_page("onnx yolox")
    chinese = re.findall(r'<span lang="zh-CN">(.*?)</span>', said, re.DOTALL)
    english = re.findall(r'<span lang="en">(.*?)</span>', said, re.DOTALL)
    assert len(chinese) == len(english) > 40
    assert all(re.search(r"[\u4e00-\u9fff]|CPU", words) for words in chinese)
    assert "共 1 段录像" in said
    assert "clips &lt;1&gt;" in said
    assert "&lt;lost&gt;.mp4" in said


@pytest.mark.parametrize(("detector", "asked"), [("onnx yolox", True), ("ssd-mobilenet-v2", False)])
def test_goals_are_said_to_be_met_or_not_and_of_whom_they_are_not_asked(detector: str, asked: bool) -> None:
    said = a_page(detector)
    assert re.findall(r'<li class="(met|unmet|untold)">(.)', said)[1:4] == [("met", "✓"), ("met", "✓"), ("unmet", "✗")]
    assert ("not asked of this one" in said) is not asked
