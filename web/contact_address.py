"""Addresses with a place for whoever is written to: `{mail}` or `{phone}` of a contact person."""

from urllib.parse import quote

MAIL, PHONE = "{mail}", "{phone}"
_SAMPLE = {MAIL: "somebody@hall.example", PHONE: "13800000000"}


def names_a_person(url: str) -> bool:
    return MAIL in url or PHONE in url


def reaches(url: str, mail: str, phone: str) -> bool:
    """Whether somebody with these can be written to there."""
    return (MAIL not in url or mail != "") and (PHONE not in url or phone != "")


def filled(url: str, mail: str, phone: str) -> str:
    return url.replace(MAIL, quote(mail, safe="")).replace(PHONE, quote(phone, safe=""))


def sample(url: str) -> str:
    """The address of somebody who is not there: to see whether it can be read at all."""
    return filled(url, _SAMPLE[MAIL], _SAMPLE[PHONE])
