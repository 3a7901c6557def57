"""The only place of Flask: pages and JSON over one answerer."""

from __future__ import annotations

import re
from typing import Any

from flask import Flask
from markupsafe import Markup, escape
from werkzeug.middleware.proxy_fix import ProxyFix

from app import notices
from app.answering.answer import IndexAnswerer
from app.answering.citation import format_day
from app.settings import Settings
from app.web import api, pages, staff, system
from app.web.errors import init_errors, prepare_refusals
from app.web.hooks import begin_request, finish_request
from app.web.reload import Current, Watcher
from app.web.site import Site

_PHONE_NUMBER = re.compile(r"\b\d{3,}\b")


def create_app(settings: Settings, answerer: IndexAnswerer | None = None) -> Flask:
    """The application; without an ``answerer`` it follows what is published."""
    app = Flask(__name__, static_folder=None)
    app.config.update(TRUSTED_HOSTS=settings.trusted_hosts, PROVIDE_AUTOMATIC_OPTIONS=False)
    # One address a page: a redirect would be a reply without the notices.
    app.url_map.strict_slashes = False
    app.url_map.merge_slashes = False
    current = Current(answerer)
    if answerer is None:
        Watcher(settings, current).start()
    site = Site(app, settings, current)
    _init_templates(app, site)
    for part in (pages, api, staff, system):
        app.register_blueprint(part.blueprint)
    app.before_request(begin_request)
    app.after_request(finish_request)
    init_errors(app)
    prepare_refusals(app)
    if settings.trusted_proxies:
        trusted, direct = frozenset(settings.trusted_proxies), app.wsgi_app
        forwarded = ProxyFix(direct, x_for=1, x_proto=1, x_host=0)

        def answer(environ: dict[str, Any], start_response: Any) -> Any:
            """Address and scheme as these proxies forward them, and no other sender."""
            believed = environ.get("REMOTE_ADDR") in trusted
            return (forwarded if believed else direct)(environ, start_response)

        app.wsgi_app = answer  # type: ignore[method-assign]  # Flask's way to wrap it
    return app


def _init_templates(app: Flask, site: Site) -> None:
    environment = app.jinja_env
    environment.trim_blocks = environment.lstrip_blocks = True
    environment.auto_reload = False
    # A notice whose phone numbers can be tapped; its words stay the same.
    environment.filters["phone"] = lambda text: Markup(  # noqa: S704
        _PHONE_NUMBER.sub(r'<a href="tel:\g<0>">\g<0></a>', str(escape(text)))
    )
    environment.filters["day"] = format_day
    environment.globals.update(
        assets=site.assets,
        examples=notices.EXAMPLES,
        notices=notices,
        number=site.settings.emergency_number,
        method=site.settings.question_method,
        operator=site.settings.operator,
    )
    # The cards are the same on every page: laid out once.
    parts = environment.get_template("parts.html").make_module()
    cards = {name: getattr(parts, name)() for name in ("card", "card_now", "card_today")}
    environment.globals.update(cards=cards)
