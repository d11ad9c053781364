"""HTTP to one device and to nobody else, all of it within one span of time."""

import time
from collections.abc import Iterator
from types import TracebackType

import httpx
from defusedxml import DefusedXmlException
from defusedxml.ElementTree import DefusedXMLParser, ParseError

CALL_S = 5.0
"""For each single answer."""
MAX_DEPTH = 64
"""Of elements in each other; ONVIF needs some ten, and reading far more of them takes hours."""


class Bounded(httpx.BaseTransport):
    """Refuses requests to another host or port, and ends whatever is not finished in time.

    A device tells under which addresses its services are: it must not send us, with the password's digest, to others.
    """

    def __init__(self, url: str, within_s: float) -> None:
        self._origin = _origin(httpx.URL(url))
        self._until = time.monotonic() + within_s
        # Cameras sign their own certificates (docs/decisions/0104).
        self._inner = httpx.HTTPTransport(verify=False, trust_env=False, retries=0)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        if _origin(request.url) != self._origin:
            raise httpx.UnsupportedProtocol("the device points to another address", request=request)
        left = min(CALL_S, self._until - time.monotonic())
        if left <= 0:
            raise httpx.ReadTimeout("the time is over", request=request)
        request.extensions["timeout"] = dict.fromkeys(("connect", "read", "write", "pool"), left)
        response = self._inner.handle_request(request)
        assert isinstance(response.stream, httpx.SyncByteStream)
        if "content-encoding" in response.headers:  # nobody has asked for it; it could unpack to anything
            response.close()
            raise httpx.DecodingError("the answer is packed", request=request)
        return httpx.Response(
            response.status_code,
            headers=response.headers,
            stream=_Until(response.stream, self._until),
            extensions=response.extensions,
        )

    def close(self) -> None:
        self._inner.close()

    def __exit__(
        self,
        exc_type: type[BaseException] | None = None,
        exc_value: BaseException | None = None,
        traceback: TracebackType | None = None,
    ) -> None:
        self.close()


class _Until(httpx.SyncByteStream):
    """A body that comes drop by drop ends, too, and one that nests without end."""

    def __init__(self, inner: httpx.SyncByteStream, until: float) -> None:
        self._inner = inner
        self._until = until

    def __iter__(self) -> Iterator[bytes]:
        nesting = Nesting()
        for chunk in self._inner:
            if time.monotonic() > self._until:
                raise httpx.ReadTimeout("the time is over")
            if not nesting.bears(chunk):
                raise httpx.DecodingError("the answer nests too deep, or defines entities")
            yield chunk

    def close(self) -> None:
        self._inner.close()


class Nesting:
    """How deep the elements of a document are in each other, while it comes."""

    def __init__(self) -> None:
        self.depth = 0
        self._parser: DefusedXMLParser | None = DefusedXMLParser(target=self, forbid_dtd=True)

    def bears(self, chunk: bytes) -> bool:
        """Whether it may be read on. What is no XML at all may be: it harms nobody."""
        if self._parser is None:
            return True
        try:
            self._parser.feed(chunk)
        except (ParseError, ValueError, LookupError) as error:
            self._parser = None
            return not isinstance(error, DefusedXmlException | _TooDeepError)
        return True

    def start(self, _tag: str, _attributes: object) -> None:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise _TooDeepError

    def end(self, _tag: str) -> None:
        self.depth -= 1


class _TooDeepError(ValueError):
    pass


def _origin(url: httpx.URL) -> tuple[str, str, int | None]:
    return url.scheme, url.host, url.port


def http_client(url: str, within_s: float) -> httpx.Client:
    """Follows no redirects and no proxies of the environment."""
    plain = {"Accept-Encoding": "identity"}
    return httpx.Client(transport=Bounded(url, within_s), headers=plain, follow_redirects=False, trust_env=False)
