"""What lies in the inbox and is not imported is shown to those who import."""

from ingest.approvals.left_over import UNKNOWN_FOLDER
from storage.models import LeftInInbox, Source
from storage.sayings import Saying
from tests.web.pages.a_day import NOW, OTHER_HALL
from tests.web.pages.conftest import SignIn
from web.services import Services

REFUSED = Saying("The file holds no rows: nothing has been read. See whether it is the right one.")


def leave(day: Services) -> None:
    with day.database.transaction() as session:
        session.add(Source(id="elsewhere", hall_id=OTHER_HALL))
        for folder, file, problem in (
            ("cc-platform", "20261123T020000Z-empty.csv", REFUSED),
            ("elsewhere", "20261123T020000Z-empty.csv", REFUSED),
            ("somebody", "", UNKNOWN_FOLDER),
        ):
            session.add(LeftInInbox(folder=folder, file=file, found_at=NOW, problem=problem.as_json()))


def test_each_sees_the_refused_files_of_the_own_sources(sign_in: SignIn, day: Services) -> None:
    leave(day)
    seen = {
        role: {left["folder"] for left in sign_in(role).get("/import.json").json()["left"]}
        for role in ("inspector", "admin")
    }
    assert seen == {"inspector": {"cc-platform"}, "admin": {"cc-platform", "elsewhere", "somebody"}}
    assert sign_in("supervisor").get("/import.json").status_code == 403


def test_why_it_is_not_imported_and_what_to_do_is_said_in_the_readers_language(sign_in: SignIn, day: Services) -> None:
    leave(day)
    client = sign_in("admin")
    page = client.get("/import").text
    assert [word for word in ("20261123T020000Z-empty.csv", REFUSED, UNKNOWN_FOLDER) if word not in page] == []
    chinese = client.get("/import", headers={"Accept-Language": "zh"}).text
    assert "该文件夹的名称不是任何数据来源的名称" in chinese
    assert UNKNOWN_FOLDER not in chinese
    assert "3 files or folders of the inbox are not imported." in " ".join(client.get("/health").text.split())
