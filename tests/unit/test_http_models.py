"""Errors about what the API gives out name places, never texts: they end up in the log."""

from __future__ import annotations

import inspect

import pytest
from pydantic import ValidationError

from http_api import models

MODELS = [
    kind
    for _, kind in inspect.getmembers(models, inspect.isclass)
    if issubclass(kind, models.Model) and kind.model_fields
]


@pytest.mark.parametrize("kind", MODELS)
def test_an_error_quotes_nothing_of_what_did_not_fit(kind: type[models.Model]) -> None:
    wrong = {name: {"what": "a secret question"} for name in kind.model_fields}
    with pytest.raises(ValidationError) as caught:
        kind.model_validate(wrong)
    assert "secret" not in str(caught.value)
