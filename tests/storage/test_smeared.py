"""Where packets were lost is told to the second."""

from datetime import timedelta

from storage.database import Database
from storage.fragments import Fragment, pack_fragments
from storage.intervals import Span
from storage.smeared import smeared_times
from tests.sample import CAMERA, a_hall
from tests.storage.recorded import at, segment


def test_pictures_may_be_smeared_from_the_loss_to_the_next_keyframe(database: Database) -> None:
    kinds = [(True, False), (True, True), (False, False), (True, False), (False, True), (True, False)]
    parts = [Fragment(n * 1_000_000, 1_000_000, 0, 0, key, smeared=lossy) for n, (key, lossy) in enumerate(kinds)]
    clean, lossy = segment(1, start=0), segment(2, start=10)
    for row in (clean, lossy):
        row.fragments, row.end = pack_fragments(parts), row.start + timedelta(seconds=6)
    lossy.smears = 2
    with database.transaction() as session:
        a_hall(session)
        session.add_all([clean, lossy])
    with database.transaction() as session:
        assert smeared_times(session, CAMERA, at(0), at(20)) == (Span(at(11), at(13)), Span(at(14), at(15)))
        assert smeared_times(session, CAMERA, at(12), at(14)) == (Span(at(12), at(13)),)
        assert smeared_times(session, CAMERA, at(0), at(9)) == ()
