"""The headers of every response: nothing from elsewhere, nothing kept, nobody told."""

from __future__ import annotations

from flask import Response, request

_CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'none'",
        "style-src 'self'",
        "script-src 'self'",
        "img-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)
_OFF = ("camera", "display-capture", "geolocation", "microphone", "payment", "usb", "browsing-topics")
SECURITY_HEADERS = {
    "Content-Security-Policy": _CONTENT_SECURITY_POLICY,
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": ", ".join(f"{feature}=()" for feature in _OFF) + ", clipboard-write=(self)",
}
_STRICT_TRANSPORT = "max-age=63072000; includeSubDomains"
_NO_STORE = "no-store"
_REVALIDATE = "no-cache"
FOR_BACK = "private, no-cache"
"""Of an answer to a posted question: the reader's own browser may keep it to go back to, and nobody else."""
IMMUTABLE = "public, max-age=31536000, immutable"


def add_headers(response: Response) -> Response:
    """Security headers on every response; what a view did not mark as storable is not stored."""
    headers = response.headers
    # No view sets one of these, and looking through all for each takes longer than everything else here.
    headers.extend(SECURITY_HEADERS)
    if request.is_secure:
        headers.add("Strict-Transport-Security", _STRICT_TRANSPORT)
    caching = headers.get("Cache-Control")
    if caching is None:
        headers.add("Cache-Control", _NO_STORE)
    if caching in (None, _NO_STORE, FOR_BACK):
        headers.add("X-Robots-Tag", "noindex")
    return response


def keep(response: Response) -> Response:
    """Kept by a browser only if it asks again: no question stands in it, but a new index may change it."""
    response.headers["Cache-Control"] = _REVALIDATE
    return response
