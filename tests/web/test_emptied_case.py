"""The pages of a case whose steps are all of other cases by now."""

from sqlmodel import delete

from storage.models import FootageLink, Step
from tests.web.carded import a_card
from tests.web.conftest import SignedIn
from web.services import Services


def test_it_says_so_and_its_cards_are_there(signed_in: SignedIn, services: Services) -> None:
    with services.database.transaction() as session:
        session.add(a_card(1, id=1))
        for table in (FootageLink, Step):
            session.execute(delete(table))
    client = signed_in("supervisor")
    for language, said in (("en", "corrected all steps of this case to be of other cases"), ("zh", "已无环节")):
        page = client.get(f"/cases/1?lang={language}")
        assert page.status_code == 200
        assert said in page.text
    assert client.get("/cards/1").status_code == 200
    assert "Emptied" in client.get("/cases?lang=en").text
