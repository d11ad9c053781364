"""Answers to cameras that ask for a password, by the examples of the RFCs."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.video.rtsp.authentication import Authorizer, Credentials

MUFASA = Credentials("Mufasa", "Circle Of Life")
SHA256 = (
    'Digest realm="http-auth@example.org", qop="auth, auth-int", algorithm=SHA-256,'
    ' nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"'
)


def authorizer(*headers: str, credentials: Credentials = MUFASA, ours: str = "0a4f113b") -> Authorizer:
    made = Authorizer(credentials, lambda: ours)
    assert made.challenged(headers)
    return made


def test_nothing_is_told_before_the_camera_asks() -> None:
    assert Authorizer(MUFASA).header("DESCRIBE", "rtsp://camera/") == ""


def test_digest_with_md5_is_that_of_rfc_2617() -> None:
    asked = 'Digest realm="testrealm@host.com", qop="auth,auth-int", opaque="5c"'
    asked += ', nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093"'
    header = authorizer(asked).header("GET", "/dir/index.html")
    assert 'response="6629fae49393a05397450978507c4ef1"' in header
    assert header.startswith('Digest username="Mufasa", realm="testrealm@host.com", nonce="dcd98b')
    assert all(part in header for part in ("qop=auth", "nc=00000001", 'cnonce="0a4f113b"', 'opaque="5c"'))
    assert "algorithm" not in header


def test_digest_with_sha_256_is_that_of_rfc_7616() -> None:
    credentials = Credentials("Mufasa", "Circle of Life")
    made = authorizer(SHA256, credentials=credentials, ours="f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ")
    header = made.header("GET", "/dir/index.html")
    assert 'response="753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"' in header
    assert 'algorithm="SHA-256"' in header


def test_digest_without_quality_as_most_cameras_ask_is_that_of_rfc_2069() -> None:
    asked = 'Digest realm="testrealm@host.com", nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093", stale="FALSE"'
    header = authorizer(asked, credentials=Credentials("Mufasa", "CircleOfLife")).header("GET", "/dir/index.html")
    assert header.endswith('response="1949323746fe6a43ef61f9606e7febea"')


def test_the_session_form_of_an_algorithm_hashes_our_nonce_in() -> None:
    plain = authorizer('Digest realm="r", nonce="n", algorithm=MD5').header("PLAY", "rtsp://c/")
    session = authorizer('Digest realm="r", nonce="n", algorithm="MD5-sess"').header("PLAY", "rtsp://c/")
    assert 'cnonce="0a4f113b"' in session
    assert 'algorithm="MD5-sess"' in session
    assert plain.partition("response=")[2][:34] != session.partition("response=")[2][:34]


def test_each_use_of_a_nonce_is_counted_anew_after_the_next_challenge() -> None:
    made = authorizer(SHA256)
    assert "nc=00000001" in made.header("OPTIONS", "rtsp://c/")
    assert "nc=00000002" in made.header("DESCRIBE", "rtsp://c/")
    assert made.challenged([SHA256])
    assert "nc=00000001" in made.header("SETUP", "rtsp://c/")


@pytest.mark.parametrize(
    "headers",
    [
        ['Basic realm="a"', 'Digest realm="b", nonce="1"'],
        ['Digest realm="b", nonce="1"', 'Basic realm="a"'],
        ['Digest realm="b", nonce="1", Basic realm="a"'],
        ['Basic realm="a, Digest nonce=3", DIGEST  realm = b ,nonce = "1"'],
        ['Digest realm="z", nonce="9", algorithm=SHA-512-256', 'digest realm="b",nonce="1",algorithm=""'],
    ],
)
def test_the_best_that_we_know_is_answered_however_it_is_offered(headers: list[str]) -> None:
    header = authorizer(*headers).header("PLAY", "rtsp://c/")
    assert header.startswith('Digest username="Mufasa", realm="b", nonce="1"')


def test_basic_is_answered_when_nothing_else_is_offered() -> None:
    assert authorizer("Basic").header("PLAY", "rtsp://c/") == "Basic TXVmYXNhOkNpcmNsZSBPZiBMaWZl"


@pytest.mark.parametrize(
    "asked", [[], [""], ["Negotiate"], ['Digest realm="no nonce"'], ['Digest nonce="1", algorithm=X']]
)
def test_what_cannot_be_answered_is_not(asked: list[str]) -> None:
    assert not Authorizer(MUFASA).challenged(asked)
    assert not Authorizer(None).challenged(['Basic realm="a"'])


def test_only_an_old_nonce_is_worth_another_try() -> None:
    assert authorizer('Digest realm="r", nonce="n", stale=TRUE').was_stale
    assert not authorizer('Digest realm="r", nonce="n", stale="false"').was_stale
    assert not Authorizer(MUFASA).was_stale


def test_a_quote_in_the_name_does_not_end_it() -> None:
    header = authorizer('Digest realm="r", nonce="n"', credentials=Credentials('a"b\\', "p")).header(
        "PLAY", "rtsp://c/"
    )
    assert 'username="a\\"b\\\\"' in header


@given(st.lists(st.text(max_size=60), max_size=3), st.text(max_size=10))
def test_no_challenge_is_an_accident(headers: list[str], url: str) -> None:
    made = Authorizer(MUFASA)
    answers = made.challenged(headers)
    assert answers == bool(made.header("PLAY", url))


@given(st.text(alphabet='Digest Basic,=" \\realmnocqpMD5-s', max_size=80))
def test_nearly_a_challenge_is_no_accident_either(header: str) -> None:
    made = Authorizer(MUFASA)
    made.challenged([header])
    made.header("PLAY", "rtsp://c/")
