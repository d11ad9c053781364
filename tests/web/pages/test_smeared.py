"""Footage of which packets were lost says so wherever it is shown, in words and in the JSON."""

from dataclasses import replace

import pytest
from sqlmodel import select

from storage.fragments import pack_fragments, unpack_fragments
from storage.models import Segment
from tests.web.pages.conftest import SignIn
from tests.web.pages.test_clock_trust import pages
from web.services import Services

__all__ = ["pages"]
WORDS = {"en": "packets were lost on the way from the camera", "zh": "摄像机传输中有数据包丢失"}


def told(json: object) -> list[object]:
    """What a page's JSON says under `smeared`, wherever that stands."""
    if isinstance(json, dict):
        return [each for key, value in json.items() for each in (value if key == "smeared" else told(value))]
    return [each for value in json for each in told(value)] if isinstance(json, list) else []


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_loss_on_the_way_marks_the_footage(
    sign_in: SignIn, day: Services, pages: list[tuple[str, str]], language: str
) -> None:
    client = sign_in("inspector")
    for path, query in pages:
        assert WORDS[language] not in client.get(path + query, headers={"Accept-Language": language}).text
    with day.database.transaction() as session:
        for row in session.exec(select(Segment)):
            lossy = [replace(fragment, smeared=True) for fragment in unpack_fragments(row.fragments)]
            row.smears, row.fragments = len(lossy), pack_fragments(lossy)
            session.add(row)
    for path, query in pages:
        assert WORDS[language] in client.get(path + query, headers={"Accept-Language": language}).text, path
        assert told(client.get(f"{path}.json{query}").json()), path
