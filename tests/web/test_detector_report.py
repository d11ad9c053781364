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
    goals = re.findall(r'<li class="(met|unmet|untold)">(.)', said)[1:5]
    assert goals == [("met", "✓"), ("met", "✓"), ("met", "✓"), ("unmet", "✗")]
    assert ("not asked of this one" in said) is not asked


def test_each_clip_of_several_zones_has_a_row_of_its_own_with_precision_and_recall() -> None:
    def score(clip: str, zone: str, absences: AbsencesFound) -> ZoneScore:
        return ZoneScore(clip, zone, "staff", "onnx", 60, absences=absences)

    scores = (
        score("hall", "a", AbsencesFound(due=2, found=2, said=2, right=2)),
        score("hall", "b", AbsencesFound(due=2, found=1, said=3, right=1)),
        score("one", "c", AbsencesFound(due=4, found=1, said=1, right=1)),
    )
    said = page(Report(scores), {"hall": PICTURE, "one": PICTURE}, [], HOW).decode()
    hall, one = (table.split("</table>")[0] for table in said.split("<h3>")[1:])
    assert [re.findall(r"<td>(\d\.\d{3})</td>", row) for row in hall.split("<tr")[2:]] == [
        ["1.000", "1.000", "1.000"],
        ["0.333", "0.500", "0.400"],
        ["0.600", "0.750", "0.667"],
    ]
    assert "all zones" in hall
    assert "all zones" not in one, "its zone says it already"
    assert re.findall(r"<td>(\d\.\d{3})</td>", one) == ["1.000", "0.250", "0.400"]


def test_who_says_unknown_where_nothing_is_wrong_with_the_picture_misses_a_goal() -> None:
    score = ZoneScore("clip", "z", "staff", "onnx", 10, unknown=990)
    said = page(Report((score,)), {"clip": PICTURE}, [], HOW).decode()
    assert re.search(r'<li class="unmet">✗ .*?unknown outside of labelled faults', said)
    assert "99.0 %" in said
