"""Any noun as JSON: fields in snake_case, times in ISO 8601, durations in seconds."""

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import date, timedelta
from enum import Enum
from typing import Any

from pydantic import BaseModel

from trueup.model.errors import Broken
from trueup.model.plan import Plan
from trueup.model.values import JSON


def to_json(noun: Any) -> JSON:
    """A frozen dataclass, or anything made of them. A plan's artifact stays out: it belongs to its session.
    Raises Broken for what is no value, rather than showing something that nobody looked at."""
    match noun:
        case Enum():
            return noun.value
        case None | bool() | int() | float() | str():
            return noun
        case date():
            return noun.isoformat()
        case timedelta():
            return noun.total_seconds()
        case BaseModel():
            return noun.model_dump(mode="json", by_alias=True)
        case Mapping():
            return {str(to_json(key)): to_json(value) for key, value in noun.items()}
        case list() | tuple():
            return [to_json(item) for item in noun]
        case set() | frozenset():
            return sorted((to_json(item) for item in noun), key=str)
    if is_dataclass(noun) and not isinstance(noun, type):
        hidden = {"artifact"} if isinstance(noun, Plan) else set()
        return {each.name: to_json(getattr(noun, each.name)) for each in fields(noun) if each.name not in hidden}
    raise Broken(f"a {type(noun).__name__} cannot be shown as JSON")
