"""What the address of a request says about how to answer it."""

from urllib.parse import quote, urlsplit

from starlette.requests import HTTPConnection

_MACHINE_PREFIXES = ("/api/", "/live/", "/events")
_FOOTAGE = "/media/"


def wants_json(connection: HTTPConnection) -> bool:
    """Whether a program asks (then 401 and JSON) rather than a person (then the sign-in page and HTML)."""
    path = connection.url.path
    if path.startswith(_FOOTAGE):  # players ask for it, and people by a link
        return "text/html" not in connection.headers.get("accept", "")
    return path.endswith(".json") or path.startswith(_MACHINE_PREFIXES)


def sign_in_address(connection: HTTPConnection) -> str:
    """It leads back to the page: htmx names the one that asked for a part."""
    page = urlsplit(connection.headers.get("HX-Current-URL", str(connection.url)))
    if page.path == "/":
        return "/sign-in"
    query = f"?{page.query}" if page.query else ""
    return f"/sign-in?next={quote(page.path + query, safe='/')}"


def local_path(target: str, fallback: str = "/") -> str:
    """`target` if it stays on this site, else `fallback`: a sign-in link must not send people elsewhere."""
    local = target.startswith("/") and not target.startswith(("//", "/\\")) and target.isprintable()
    return target if local else fallback


def client_address(connection: HTTPConnection) -> str:
    return connection.client.host if connection.client else ""
