"""The application over the small answerer."""

from __future__ import annotations

from types import CodeType

import pytest
from flask import Flask
from flask.testing import FlaskClient
from jinja2.bccache import Bucket, BytecodeCache

from app.settings import Settings
from app.web import create_app
from tests.web.answerer import WordAnswerer, make_answerer


class Compiled(BytecodeCache):
    """What templates were compiled to, which is three quarters of the work of a new application."""

    def __init__(self) -> None:
        self.kept: dict[tuple[str, str], CodeType] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        bucket.code = self.kept.get((bucket.key, bucket.checksum))

    def dump_bytecode(self, bucket: Bucket) -> None:
        self.kept[bucket.key, bucket.checksum] = bucket.code


Flask.jinja_options = {"bytecode_cache": Compiled()}


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
