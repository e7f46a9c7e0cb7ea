"""Nouns as JSON."""

import json
from datetime import timedelta

import pytest

from tests.render.nouns import DRIFT, GHOST, TAG, attributed, run
from trueup.model.errors import Broken
from trueup.model.stack import Environment
from trueup.render.encoding import to_json


def test_everything_the_walk_speaks_of() -> None:
    """Dataclasses, enums, times and durations become plain JSON; fields keep their names."""
    for noun in (DRIFT, run(TAG, GHOST), attributed(TAG), [DRIFT], {"a": frozenset({"y", "x"})}):
        assert json.loads(json.dumps(to_json(noun))) == to_json(noun)
    drift = to_json(DRIFT)
    assert drift["first_seen"] == "2026-11-01T03:05:00+00:00" and drift["state"] == "open"
    assert drift["differences"][0]["path"] == ["ingress", "0123456789ab"]
    environment = to_json(Environment("prod", checks=timedelta(minutes=30)))
    assert (environment["mode"], environment["checks"], environment["approve"]["count"]) == ("observe", 1800.0, 0)


def test_what_belongs_to_a_session_stays_there() -> None:
    """A plan's artifact is not shown, and what is no value is an error."""
    assert "artifact" not in to_json(attributed(TAG))["plan"]
    with pytest.raises(Broken, match="object cannot be shown"):
        to_json({"a": object()})
