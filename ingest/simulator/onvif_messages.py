"""What an ONVIF device is asked and what it answers: SOAP 1.2 as far as cameras need it."""

import base64
import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from xml.etree.ElementTree import Element, ParseError
from xml.sax.saxutils import escape

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

SOAP = "http://www.w3.org/2003/05/soap-envelope"
DEVICE = "http://www.onvif.org/ver10/device/wsdl"
MEDIA = "http://www.onvif.org/ver10/media/wsdl"
MEDIA2 = "http://www.onvif.org/ver20/media/wsdl"
SCHEMA = "http://www.onvif.org/ver10/schema"
_SECURITY = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd"
_UTILITY = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd"
_DIGEST = "PasswordDigest"
FRESH = timedelta(seconds=10)
"""How far the time in a digest may be from the device's own."""


class BadMessageError(Exception):
    """What was sent is no SOAP message."""


@dataclass(frozen=True)
class UsernameToken:
    """WS-Security's proof of a password."""

    user: str
    digest: str
    nonce: bytes
    created: str

    def proves(self, user: str, password: str, now: datetime) -> bool:
        """Whether it was made with this password, and just now by the device's clock `now`."""
        expected = base64.b64encode(
            hashlib.sha1(self.nonce + self.created.encode() + password.encode(), usedforsecurity=False).digest()
        )
        return (
            hmac.compare_digest(self.user.encode(), user.encode())
            and hmac.compare_digest(self.digest.encode(), expected)
            and self._is_fresh(now)
        )

    def _is_fresh(self, now: datetime) -> bool:
        try:
            created = datetime.fromisoformat(self.created)
        except ValueError:
            return False
        return created.tzinfo is not None and abs(created - now) <= FRESH


@dataclass(frozen=True)
class Asked:
    operation: str
    """E.g. GetProfiles."""
    namespace: str
    arguments: Mapping[str, str]
    """The texts in it by the names of their elements."""
    token: UsernameToken | None
    message_id: str
    """Of WS-Addressing."""


def read_message(data: bytes) -> Asked:
    """Raises BadMessageError."""
    try:
        root = fromstring(data, forbid_dtd=True)
    except (ParseError, DefusedXmlException, ValueError, LookupError) as error:
        raise BadMessageError(str(error)) from error
    body = root.find(f"{{{SOAP}}}Body")
    if body is None or len(body) != 1:
        raise BadMessageError("no SOAP body with one operation")
    namespace, _brace, operation = body[0].tag.removeprefix("{").rpartition("}")
    arguments = {_local(part): (part.text or "").strip() for part in body[0].iter() if part is not body[0]}
    message_id = next((part.text or "" for part in root.iter() if _local(part) == "MessageID"), "").strip()
    return Asked(operation, namespace, arguments, _token(root), message_id)


def _token(root: Element) -> UsernameToken | None:
    found = root.find(f".//{{{_SECURITY}}}UsernameToken")
    password = found.find(f"{{{_SECURITY}}}Password") if found is not None else None
    if found is None or password is None or not password.get("Type", "").endswith(_DIGEST):
        return None
    try:
        nonce = base64.b64decode(found.findtext(f"{{{_SECURITY}}}Nonce", ""), validate=True)
    except ValueError:
        return None
    created = found.findtext(f"{{{_UTILITY}}}Created", "").strip()
    return UsernameToken(found.findtext(f"{{{_SECURITY}}}Username", ""), password.text or "", nonce, created)


def _local(element: Element) -> str:
    return element.tag.rpartition("}")[2]


def envelope(body: str, header: str = "") -> bytes:
    spaces = f'xmlns:s="{SOAP}" xmlns:tds="{DEVICE}" xmlns:trt="{MEDIA}" xmlns:tr2="{MEDIA2}" xmlns:tt="{SCHEMA}"'
    text = f"<s:Envelope {spaces}><s:Header>{header}</s:Header><s:Body>{body}</s:Body></s:Envelope>"
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{text}'.encode()


def fault(code: str, subcode: str, reason: str) -> bytes:
    """`code` is Sender or Receiver, `subcode` of ONVIF's, e.g. NotAuthorized."""
    ter = 'xmlns:ter="http://www.onvif.org/ver10/error"'
    return envelope(
        f"<s:Fault><s:Code><s:Value>s:{code}</s:Value><s:Subcode><s:Value {ter}>ter:{subcode}</s:Value></s:Subcode>"
        f'</s:Code><s:Reason><s:Text xml:lang="en">{escape(reason)}</s:Text></s:Reason></s:Fault>'
    )


def element(name: str, *children: str, **attributes: str) -> str:
    """`children` are texts that are escaped already, or elements."""
    told = "".join(f' {key}="{escape(value, {chr(34): "&quot;"})}"' for key, value in attributes.items())
    return f"<{name}{told}>{''.join(children)}</{name}>"
