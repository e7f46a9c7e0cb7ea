"""Every route of an app with its methods, parameters filled in."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from fastapi import FastAPI
from fastapi.routing import iter_route_contexts


@dataclass(frozen=True)
class Called:
    method: str
    template: str

    @property
    def path(self) -> str:
        return re.sub(r"\{[^}]*\}", "1", self.template)


def routes(app: FastAPI) -> Iterator[Called]:
    for route in iter_route_contexts(app.routes):
        for method in sorted((route.methods or set()) - {"HEAD", "OPTIONS"}):
            assert route.path is not None
            yield Called(method, route.path)
