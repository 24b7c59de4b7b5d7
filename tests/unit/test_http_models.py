"""Errors about what the API gives out name places, never texts: they end up in the log."""

from __future__ import annotations

import importlib
import inspect
import pkgutil

import pytest
from pydantic import ValidationError

from http_api import models
from http_api.models.base import Model

MODULES = [
    importlib.import_module(f"{models.__name__}.{module.name}")
    for module in pkgutil.iter_modules(models.__path__)
]
MODELS: set[type[Model]] = {
    kind
    for module in MODULES
    for _, kind in inspect.getmembers(module, inspect.isclass)
    if issubclass(kind, Model) and kind.model_fields
}


@pytest.mark.parametrize("kind", sorted(MODELS, key=str))
def test_an_error_quotes_nothing_of_what_did_not_fit(kind: type[Model]) -> None:
    wrong = {name: {"what": "a secret question"} for name in kind.model_fields}
    with pytest.raises(ValidationError) as caught:
        kind.model_validate(wrong)
    assert "secret" not in str(caught.value)
