"""The only place of Flask: pages and JSON over one Answerer."""

from __future__ import annotations

from flask import Flask

from app import notices
from app.answering.answer import Answerer
from app.answering.citation import format_day
from app.settings import Settings
from app.web import api, pages, staff, system
from app.web.errors import init_errors, prepare_refusals
from app.web.extracts import link_numbers
from app.web.headers import add_headers
from app.web.log import start_request
from app.web.proxies import trust_proxies
from app.web.reading import check_body_size
from app.web.reload import Current, Watcher
from app.web.site import Site, check_request, count_response
from app.web.words import EXAMPLES


def create_app(settings: Settings, answerer: Answerer | None = None) -> Flask:
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
    init_errors(app)
    app.before_request(start_request)
    app.before_request(check_request)
    app.before_request(check_body_size)
    app.after_request(count_response)
    app.after_request(add_headers)
    prepare_refusals(app)
    trusting = trust_proxies(app.wsgi_app, settings.trusted_proxies or ())
    app.wsgi_app = trusting  # type: ignore[method-assign]  # Flask's way to wrap it
    return app


def _init_templates(app: Flask, site: Site) -> None:
    environment = app.jinja_env
    environment.trim_blocks = environment.lstrip_blocks = True
    environment.auto_reload = False
    environment.filters.update(day=format_day, phone=link_numbers)
    environment.globals.update(
        assets={name: asset.path for name, asset in site.assets.items()},
        examples=EXAMPLES,
        notices=notices,
        number=site.settings.emergency_number,
        method=site.settings.question_method,
        operator=site.settings.operator,
    )
    # The cards are the same on every page: laid out once.
    parts = environment.get_template("parts.html").make_module()
    cards = {name: getattr(parts, name)() for name in ("card", "card_now", "card_today")}
    environment.globals.update(cards=cards)
