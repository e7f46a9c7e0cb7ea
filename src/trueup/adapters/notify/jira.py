"""Jira Cloud, REST API v3: an issue for each drift, commented on while it lasts and moved to done when it is resolved.

https://developer.atlassian.com/cloud/jira/platform/rest/v3/api-group-issues, .../api-group-issue-search
"""

import base64
import json
from collections.abc import Sequence
from dataclasses import dataclass, field

from trueup.adapters.notify.posting import Answer, Posting
from trueup.model.errors import Rejected, Unavailable
from trueup.model.notice import Notice, Notification
from trueup.model.values import JSON
from trueup.ports.notifier import Delivered, Later
from trueup.render.notices import cut, facts, headline, title, ways_on

SUMMARY = 255
DESCRIPTION = 30_000
"""Characters of text; a field takes 32,767."""
DONE = "done"
"""Key of the status category that ends an issue; the names of statuses are everybody's own."""


class _TooMany(Exception):
    """One of several calls was answered with Later."""

    def __init__(self, later: Later) -> None:
        self.later = later


@dataclass(frozen=True)
class Jira:
    url: str
    user: str
    token: str = field(repr=False)
    issue_type: str = "Task"
    done: str = ""
    """Name of the transition; empty: the first one that leads to done."""

    def send(self, notification: Notification, receipt: str) -> Delivered | Later:
        """Each step looks first whether an earlier attempt already did it."""
        notice = notification.first
        try:
            key = receipt or self._known(notification.target, label(notice))
            if not key and notice.follows:
                return Delivered()  # there never was an issue, or somebody deleted it
            if not key:
                return Delivered(self._create(notification))
            self._comment(key, notification)
            if notice.ends and notice.kind != "drift.tolerated":
                self._finish(key)
            return Delivered(key)
        except _TooMany as answered:
            return answered.later

    def _known(self, project: str, named: str) -> str:
        """An attempt may have created it and died before it could say so."""
        query = f'project = "{project}" AND labels = "{named}" ORDER BY created ASC'
        found = self._call("POST", "/rest/api/3/search/jql", {"jql": query, "maxResults": 1, "fields": ["status"]})
        issues = found.get("issues") or []
        return str(issues[0]["key"]) if issues else ""

    def _create(self, notification: Notification) -> str:
        notice = notification.first
        fields = {
            "project": {"key": notification.target},
            "issuetype": {"name": self.issue_type},
            "summary": cut(f"{headline(notification)} {notice.address}".strip(), SUMMARY),
            "description": document(notice),
            "labels": ["trueup", label(notice)],
        }
        properties = [{"key": "trueup", "value": {"id": notification.id, "subject": notice.subject}}]
        return str(self._call("POST", "/rest/api/3/issue", {"fields": fields, "properties": properties})["key"])

    def _comment(self, key: str, notification: Notification) -> None:
        """One comment for each notification: the id is its property, so that a repetition is seen."""
        said = self._call("GET", f"/rest/api/3/issue/{key}/properties/trueup-{notification.id}", missing=True)
        if said:
            return
        self._call("POST", f"/rest/api/3/issue/{key}/comment", {"body": document(notification.first)})
        self._call("PUT", f"/rest/api/3/issue/{key}/properties/trueup-{notification.id}", {"said": True})

    def _finish(self, key: str) -> None:
        now = self._call("GET", f"/rest/api/3/issue/{key}?fields=status")
        if now["fields"]["status"]["statusCategory"]["key"] == DONE:
            return
        offered: Sequence[JSON] = self._call("GET", f"/rest/api/3/issue/{key}/transitions")["transitions"]
        named = [each for each in offered if each["name"].casefold() == self.done.casefold()]
        ending = named or [each for each in offered if each["to"]["statusCategory"]["key"] == DONE and not self.done]
        if not ending:
            names = ", ".join(each["name"] for each in offered) or "none"
            wanted = f"`{self.done}`" if self.done else "one that leads to done"
            raise Rejected(f"{key} offers no transition {wanted}: {names}", hint="name one: `notify.jira.done`")
        self._call("POST", f"/rest/api/3/issue/{key}/transitions", {"transition": {"id": ending[0]["id"]}})

    def _call(self, method: str, path: str, body: JSON = None, *, missing: bool = False) -> JSON:
        """The answer's document; {} for an empty one, and for 404 where that is an answer."""
        basic = base64.b64encode(f"{self.user}:{self.token}".encode()).decode()
        headers = {"Authorization": f"Basic {basic}", "Accept": "application/json", "Content-Type": "application/json"}
        posting = Posting("Jira", frozenset({self.token, basic}))
        content = json.dumps(body).encode() if body is not None else None
        answer = posting.send(method, self.url + path, content=content, headers=headers, absent=missing)
        if isinstance(answer, Later):
            raise _TooMany(answer)
        return _read(answer)


def _read(answer: Answer) -> JSON:
    if answer.status == 404 or not answer.body.strip():
        return {}
    try:
        return json.loads(answer.body)
    except ValueError:
        raise Unavailable("Jira answered something that is not JSON") from None


def label(notice: Notice) -> str:
    """Labels have no blanks."""
    return f"trueup-{notice.subject}".replace(" ", "-")[:255]


def document(notice: Notice) -> JSON:
    """Atlassian Document Format, version 1."""
    told = [_paragraph(f"{name}: {cut(value, 500)}") for name, value in facts(notice)]
    parts = [_paragraph(cut(f"{title(notice)}: {notice.summary}", DESCRIPTION)), *told]
    if command := ways_on(notice):
        parts.append({"type": "codeBlock", "content": [{"type": "text", "text": command}]})
    return {"type": "doc", "version": 1, "content": parts}


def _paragraph(text: str) -> JSON:
    return {"type": "paragraph", "content": [{"type": "text", "text": text}]}
