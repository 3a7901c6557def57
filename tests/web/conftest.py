"""The application over the small answerer."""

from __future__ import annotations

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.settings import Settings
from app.web import create_app
from tests.web.answerer import WordAnswerer, make_answerer


@pytest.fixture
def answerer() -> WordAnswerer:
    return make_answerer()


@pytest.fixture
def settings() -> Settings:
    return Settings(_env_file=None)


@pytest.fixture
def app(settings: Settings, answerer: WordAnswerer) -> Flask:
    return create_app(settings, answerer)


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()
