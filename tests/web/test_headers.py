"""The headers of every response, whole, route by route and status by status."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

ALWAYS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=(), "
    "browsing-topics=(), clipboard-write=(self)",
}
HTML = "text/html; charset=utf-8"
JSON = "application/json"
PRIVATE = {"Cache-Control": "no-store", "X-Robots-Tag": "noindex"}
REVALIDATED = {"Cache-Control": "no-cache"}
DAILY = {"Cache-Control": "public, max-age=86400"}
FOREVER = {"Cache-Control": "public, max-age=31536000, immutable"}


@pytest.mark.parametrize(
    ("path", "status", "content_type", "caching"),
    [
        ("/", 200, HTML, REVALIDATED),
        ("/?q=jerks", 200, HTML, PRIVATE),
        ("/?q=", 400, HTML, PRIVATE),
        ("/articles", 200, HTML, {**REVALIDATED, "Vary": "Accept"}),
        ("/articles/jerks", 200, HTML, {**REVALIDATED, "Vary": "Accept"}),
        ("/about", 200, HTML, REVALIDATED),
        ("/accessibility", 200, HTML, REVALIDATED),
        ("/api", 200, HTML, REVALIDATED),
        ("/nothing", 404, HTML, PRIVATE),
        ("/favicon.ico", 200, "image/x-icon", DAILY),
        ("/robots.txt", 200, "text/plain; charset=utf-8", DAILY),
        ("/opensearch.xml", 200, "application/opensearchdescription+xml", PRIVATE),
        ("/api/v1/answers?q=jerks", 200, JSON, PRIVATE),
        ("/api/v1/answers", 400, JSON, PRIVATE),
        ("/api/v1/articles", 200, JSON, REVALIDATED),
        ("/api/v1/articles/jerks", 200, JSON, REVALIDATED),
        ("/api/v1/articles/none", 404, JSON, PRIVATE),
        ("/api/v1/passages/none", 404, JSON, PRIVATE),
        ("/api/v1/openapi.json", 200, JSON, REVALIDATED),
        ("/healthz", 200, JSON, PRIVATE),
        ("/readyz", 200, JSON, PRIVATE),
        ("/metrics", 404, JSON, PRIVATE),
    ],
)
def test_headers_are_exactly_these(
    client: FlaskClient, path: str, status: int, content_type: str, caching: dict[str, str]
) -> None:
    response = client.get(path)
    assert response.status_code == status
    headers = dict(response.headers)
    assert headers.pop("Content-Length") == str(len(response.data))
    assert headers == {"Content-Type": content_type, **ALWAYS, **caching}


def test_refused_method_has_all_headers_and_allow(client: FlaskClient) -> None:
    headers = dict(client.delete("/articles").headers)
    assert set(headers.pop("Allow").split(", ")) == {"GET", "HEAD"}
    del headers["Content-Length"]
    assert headers == {"Content-Type": HTML, **ALWAYS, **PRIVATE}


def test_static_files_are_kept_for_ever_under_their_hashed_names(app: Flask, client: FlaskClient) -> None:
    types = {
        "favicon.ico": "image/x-icon",
        "favicon.svg": "image/svg+xml",
        "nightlight.css": "text/css; charset=utf-8",
        "nightlight.js": "text/javascript; charset=utf-8",
    }
    assets = app.extensions["nightlight"].assets
    assert assets.keys() == types.keys()
    for name, address in assets.items():
        response = client.get(address)
        headers = dict(response.headers)
        del headers["Content-Length"]
        assert headers == {"Content-Type": types[name], **ALWAYS, **FOREVER}
        assert response.data == (Path(app.root_path) / "static" / name).read_bytes()
        digest = sha256(response.data).hexdigest()[:12]
        assert address == f"/static/{name.replace('.', f'.{digest}.')}"


def test_transport_security_is_named_behind_tls_only(client: FlaskClient) -> None:
    secure = client.get("/", base_url="https://localhost")
    assert secure.headers["Strict-Transport-Security"] == "max-age=63072000; includeSubDomains"
    assert "Strict-Transport-Security" not in client.get("/").headers


def test_answer_page_is_light(app: Flask, client: FlaskClient) -> None:
    assets = app.extensions["nightlight"].assets
    files = [client.get("/?q=jerks&k=5").data]
    files += [client.get(address).data for name, address in assets.items() if name != "favicon.ico"]
    assert len(files) <= 5
    assert sum(map(len, files)) < 60_000
