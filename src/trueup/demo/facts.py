"""Facts: what Trueup says of itself, asked over its API as any client would."""

import json
import time
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

import httpx

from trueup.model.errors import Broken, Unavailable
from trueup.model.run import RunState
from trueup.model.values import JSON
from trueup.web.runtime import running

DEADLINE = 600.0
"""Seconds that anything may take; a machine with too much to do is no broken promise."""
PAUSE = 0.2


class Facts:
    """Reads only. Raises Unavailable when nobody answers, and Broken when what was promised does not come true."""

    def __init__(self, data: Path) -> None:
        self._data = data
        self._http: httpx.Client | None = None

    def close(self) -> None:
        if self._http is not None:
            self._http.close()

    def get(self, *parts: object, **query: object) -> JSON:
        """One answer of the API. A parameter `from_` is sent as `from`."""
        path = "/api/v1/" + "/".join(quote(str(part), safe="") for part in parts)
        wanted = {name.rstrip("_"): str(value) for name, value in query.items()}
        try:
            answer = self._client().get(path, params=wanted)
        except httpx.TransportError as error:
            raise Unavailable(f"Trueup does not answer: {error}") from error
        if not answer.is_success:
            raise Broken(f"{path} answered {answer.status_code}: {answer.text[:500]}")
        return answer.json()

    def until(self, what: str, ask: Callable[[], JSON], done: Callable[[JSON], bool]) -> JSON:
        """Asks until it is so."""
        deadline = time.monotonic() + DEADLINE
        while not done(answer := ask()):
            if time.monotonic() > deadline:
                raise Broken(
                    f"expected within {DEADLINE:.0f} s: {what}; the last answer was {json.dumps(answer)[:500]}"
                )
            time.sleep(PAUSE)
        return answer

    def stack(self, short: str) -> JSON:
        """`prod/app`: the stack at environments/prod/app; `services/orders@prod`."""
        known: list[JSON] = self.get("stacks")
        return next(each for each in known if each["name"].endswith(f"/{short}"))

    def standing(self, short: str) -> str:
        """Of a stack; empty before it is known."""
        known: list[JSON] = self.get("stacks")
        return next((str(each["standing"]) for each in known if each["name"].endswith(f"/{short}")), "")

    def runs(self, short: str, kind: str = "delivery") -> list[JSON]:
        """Of one stack, newest first."""
        found: list[JSON] = self.get("runs", stack=self.stack(short)["id"], kind=kind)
        return found

    def drifts(self, short: str) -> list[JSON]:
        """Of one stack, those that are not resolved."""
        found: list[JSON] = self.get("drifts", stack=self.stack(short)["id"])
        return found

    def drift(self, short: str) -> JSON:
        """The only one of a stack that is not resolved."""
        found = self.drifts(short)
        if len(found) != 1:
            raise Broken(
                f"expected: {short} has one open drift", hint=f"it has {len(found)}: {json.dumps(found)[:500]}"
            )
        return found[0]

    def started(self, short: str, commit: str, kind: str = "delivery") -> str:
        """The id of the run for that commit, once there is one."""
        found = self.until(
            f"a {kind} of {short} for {commit[:8]}",
            lambda: [run["id"] for run in self.runs(short, kind) if run["revision"] == commit],
            bool,
        )
        return str(found[0])

    def run_reaching(self, id: str, state: RunState) -> JSON:
        """The run, or the one that it gave way to, once it is in that state. Raises Broken as soon as it ends in
        another one."""

        def rests(run: JSON) -> bool:
            now = RunState(run["state"])
            return now is state or now.ended or now is RunState.BLOCKED

        run = self.until(f"{id} is {state}", lambda: self.get("runs", id), rests)
        if run["state"] == RunState.SUPERSEDED and run["superseded_by"]:
            return self.run_reaching(run["superseded_by"], state)
        if run["state"] != state:
            raise Broken(f"expected that {id} of {run['name']} is {state}, and it is {run['state']}: {run['error']}")
        return run

    def _client(self) -> httpx.Client:
        if self._http is None:
            runtime = running(self._data)
            if runtime is None:
                raise Unavailable("Trueup is not running")
            headers = {"Authorization": f"Bearer {runtime.token}"}
            self._http = httpx.Client(base_url=runtime.url, headers=headers, timeout=DEADLINE, trust_env=False)
        return self._http
