"""The local forge: a bare repository whose change requests are in the repository itself.

`refs/trueup/requests/N` is a chain of commits, one for each thing that happened; its tree holds the request as it was
then (`request.json`). `refs/trueup/statuses/COMMIT` is the same for a commit's statuses. So they survive, are pushed
and fetched with the repository, and a merge moves the branch and the request together or not at all.
"""

import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Self

from trueup.adapters.forge.records import Record, Statuses, parse_record, parse_statuses
from trueup.model.errors import Invalid, Refused, Unavailable
from trueup.model.people import Identity
from trueup.model.request import ChangeRequest, Comment, NewRequest, RequestApproval, RequestState, Status
from trueup.model.tree import Edits
from trueup.system.clock import Clock, SystemClock
from trueup.system.git import Git
from trueup.system.git_write import Author, Draft, GitWriter, Move
from trueup.system.history import History

REQUESTS, STATUSES = "refs/trueup/requests/", "refs/trueup/statuses/"
_TRIES = 20

# What only the forge may say in a merge commit; whoever writes a body could claim an approval otherwise.
_OURS = re.compile(r"^(Change-Request|Opened-by|Approved-by)[ \t]*:.*$", re.IGNORECASE | re.MULTILINE)


class LocalForge:
    """ports.forge.Forge on one bare repository. Safe for many processes: whoever comes second reads again. Leave its
    context when done: it holds a process."""

    name = "local"

    def __init__(self, git: Git, directory: Path, *, repository: str = "", clock: Clock | None = None) -> None:
        """`repository` is its name in trueup.yaml. Raises Invalid when `directory` is not a bare repository."""
        self._writer = GitWriter(git, directory)
        self._history = History(git, directory)
        self._repository = repository or directory.name.removesuffix(".git")
        self._clock = clock or SystemClock()
        if not (directory / "HEAD").is_file() or not (directory / "objects").is_dir():
            raise Invalid(
                f"{directory} is not a bare repository",
                hint=f"make one: git clone --bare YOUR-REPOSITORY {directory}",
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._history.close()

    # reading

    def get(self, number: int) -> ChangeRequest:
        return self._shown(self._current(number)[0])

    def list(self, state: RequestState | None = RequestState.OPEN) -> Sequence[ChangeRequest]:
        """Newest first."""
        found = [self._read(name) for name in self._writer.refs(REQUESTS)]
        wanted = sorted((one for one in found if state in (None, one.state)), key=lambda one: -one.number)
        return [self._shown(self._refreshed(one)) for one in wanted]

    def diff(self, number: int) -> str:
        record, _ = self._current(number)
        return self._history.diff(record.base, record.head)

    # writing

    def open(self, request: NewRequest) -> ChangeRequest:
        head, target = self._history.head(request.head_branch), self._history.head(request.base_branch)
        if not request.title.strip():
            raise Invalid("a change request needs a title")
        if self._history.is_ancestor(head, target):
            raise Refused(f"{request.head_branch} has nothing that {request.base_branch} does not have")
        for _ in range(_TRIES):
            self._refuse_second(request)
            record = self._first(request, head, target)
            if self._store(record, None, request.author, "opened"):
                return self._shown(record)
        raise self._busy("the list of change requests")

    def comment(self, number: int, by: str, body: str, marker: str = "") -> None:
        def change(record: Record) -> Record:
            same = any(each.marker == marker and each.body == body for each in record.comments)
            if marker and same:
                return record
            return record.with_comment(Comment(by, self._clock.now(), body, marker))

        self._change(number, Identity("name", by), "commented", change)

    def approve(self, number: int, by: Identity, commit: str) -> ChangeRequest:
        def change(record: Record) -> Record:
            self._refuse_unless_open(record)
            if by.name.casefold() == record.author.name.casefold():
                raise Refused(f"{by} opened #{number} and cannot approve it", hint="ask somebody else")
            if commit != record.head:
                raise Refused(
                    f"#{number} is at {record.head[:12]} now, not at {commit[:12]}",
                    hint="look at what was added, then approve the new head",
                )
            return record.with_approval(RequestApproval(by, commit, self._clock.now()))

        return self._change(number, by, "approved", change)

    def merge(self, number: int, by: Identity) -> ChangeRequest:
        """A merge commit whose trailers name the request, who opened it and who approved this head."""
        for _ in range(_TRIES):
            record, old = self._current(number)
            self._refuse_unless_open(record)
            if record.draft:
                raise Refused(f"#{number} is a draft", hint="open another one that is not a draft")
            author = self._author(by)
            move = self._writer.merge(record.base_branch, record.head, Draft(self._merge_message(record), author))
            done = {"state": RequestState.MERGED, "merged_commit": move.new, "merged_by": by.name}
            merged = record.model_copy(update=done)
            if self._store(merged, old, by, "merged", also=(move,)):
                return self._shown(merged)
        raise self._busy(f"#{number}")

    def close(self, number: int, by: Identity, reason: str = "") -> ChangeRequest:
        def change(record: Record) -> Record:
            self._refuse_unless_open(record)
            closed = record.model_copy(update={"state": RequestState.CLOSED})
            return closed.with_comment(Comment(by.name, self._clock.now(), reason)) if reason else closed

        return self._change(number, by, "closed", change)

    def set_status(self, commit: str, context: str, status: Status) -> None:
        name = STATUSES + self._writer.commit_id(commit)
        for _ in range(_TRIES):
            old = self._writer.ref(name)
            statuses = self._statuses(name) if old else Statuses()
            if statuses.contexts.get(context) == status:
                return
            content = statuses.with_status(context, status).model_dump_json(indent=1).encode()
            tree = self._writer.edited_tree(None, {"statuses.json": content})
            author = Author("Trueup", "trueup", self._clock.now())
            draft = Draft(f"{context}: {status.state}", author)
            made = self._writer.write_commit(tree, (old,) if old else (), draft)
            if self._writer.move(name, made, old):
                return
        raise self._busy(f"the statuses of {commit[:12]}")

    def push(self, branch: str, base: str, edits: Edits, message: str, author: Identity) -> str:
        return self._writer.commit_files(branch, base, edits, Draft(message, self._author(author)))

    def _change(self, number: int, by: Identity, what: str, change: Callable[[Record], Record]) -> ChangeRequest:
        """Read, change, compare-and-set; again when somebody else was quicker. A change that answers its own record
        writes nothing."""
        for _ in range(_TRIES):
            record, old = self._current(number)
            changed = change(record)
            if changed is record or self._store(changed, old, by, what):
                return self._shown(changed)
        raise self._busy(f"#{number}")

    def _store(self, record: Record, old: str | None, by: Identity, what: str, also: Sequence[Move] = ()) -> bool:
        """The head is a parent, so that it stays in the repository when its branch is deleted."""
        tree = self._writer.edited_tree(None, {"request.json": record.model_dump_json(indent=1).encode()})
        draft = Draft(f"#{record.number} {what} by {by}: {record.title}", self._author(by))
        made = self._writer.write_commit(tree, (old, record.head) if old else (record.head,), draft)
        return self._writer.move_all([Move(f"{REQUESTS}{record.number}", made, old), *also])

    def _first(self, request: NewRequest, head: str, target: str) -> Record:
        taken = [int(name.removeprefix(REQUESTS)) for name in self._writer.refs(REQUESTS)]
        return Record(
            number=max(taken, default=0) + 1,
            title=request.title,
            body=request.body,
            author=request.author,
            head_branch=request.head_branch,
            base_branch=request.base_branch,
            head=head,
            base=self._history.merge_base(target, head) or "",
            state=RequestState.OPEN,
            opened_at=self._clock.now(),
            draft=request.draft,
            labels=request.labels,
        )

    def _refuse_second(self, request: NewRequest) -> None:
        for name in self._writer.refs(REQUESTS):
            other = self._read(name)
            same = (other.head_branch, other.base_branch) == (request.head_branch, request.base_branch)
            if same and other.state is RequestState.OPEN:
                raise Refused(f"#{other.number} is open for {request.head_branch} already", hint="push to its branch")

    def _refuse_unless_open(self, record: Record) -> None:
        if record.state is not RequestState.OPEN:
            raise Refused(f"#{record.number} is {record.state} already", hint="open a new change request")

    def _merge_message(self, record: Record) -> str:
        approved = [each.by.name for each in record.approvals if each.commit == record.head]
        trailers = [("Change-Request", str(record.number)), ("Opened-by", record.author.name)]
        body = _OURS.sub("", record.body).strip()
        message = f"Merge #{record.number}: {' '.join(record.title.split())}\n\n{body}".rstrip() + "\n"
        return self._writer.with_trailers(message, [*trailers, *(("Approved-by", name) for name in approved)])

    def _current(self, number: int) -> tuple[Record, str]:
        """The request as it is now, and the commit that says so."""
        found = self._writer.ref(f"{REQUESTS}{number}")
        if found is None:
            raise Invalid(
                f"{self._repository} has no change request #{number}", hint="`trueup request list` shows them"
            )
        return self._refreshed(self._read(found)), found

    def _read(self, name: str) -> Record:
        return parse_record(self._history.objects.read(f"{name}:request.json"), name)

    def _refreshed(self, record: Record) -> Record:
        """The head of an open request is its branch's, which may have moved."""
        if record.state is not RequestState.OPEN:
            return record
        head = self._writer.ref(f"refs/heads/{record.head_branch}") or record.head
        target = self._writer.ref(f"refs/heads/{record.base_branch}")
        base = self._history.merge_base(target, head) if target else None
        if (head, base or record.base) == (record.head, record.base):
            return record
        return record.model_copy(update={"head": head, "base": base or record.base})

    def _shown(self, record: Record) -> ChangeRequest:
        name = STATUSES + record.head
        statuses = self._statuses(name).contexts if self._writer.ref(name) else {}
        return record.request(self._repository, statuses)

    def _statuses(self, name: str) -> Statuses:
        return parse_statuses(self._history.objects.read(f"{name}:statuses.json"), name)

    def _author(self, by: Identity) -> Author:
        """People are matched by the name, whatever kind of name it is: it is both of what Git wants."""
        return Author(by.name, by.name, self._clock.now())

    def _busy(self, what: str) -> Unavailable:
        return Unavailable(f"{what} of {self._repository} is being changed by others", hint="try again in a moment")
