"""Schemathesis, which asks whatever the document allows and forbids; test_fuzz.py and `make fuzz` run it."""

from __future__ import annotations

import schemathesis
from schemathesis.specs.openapi.checks import negative_data_rejection, positive_data_acceptance

from tests.web.test_fuzz import app, quickly

schema = schemathesis.openapi.from_wsgi("/api/v1/openapi.json", app)
# Looser than the document: outer space is trimmed before the pattern counts. Stricter: to JSON Schema 5.0
# is an integer, to us it is not. Everything else that schemathesis checks must hold.
ON_PURPOSE = [negative_data_rejection, positive_data_acceptance]


@schema.parametrize()
@quickly
def test_document_is_kept(case: schemathesis.Case) -> None:
    case.call_and_validate(excluded_checks=ON_PURPOSE)
