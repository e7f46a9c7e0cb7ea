"""What octoDNS, its providers and the libraries below them complain of, as our errors: kind, place, what to do.

Source: the exceptions of octodns 1.22, octodns-powerdns 1.2, octodns-bind 1.1, octodns-route53 1.3, requests, botocore
and dnspython, as they arrive from process/complaints.py.
"""

import posixpath
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from trueup.drivers.dns.configuration.config import Config, Zone
from trueup.drivers.dns.configuration.files import zone_files_of
from trueup.drivers.dns.zonefiles.shapes import mistake_in
from trueup.model.errors import Broken, Invalid, Place, Rejected, TrueupError, Unavailable
from trueup.model.values import JSON
from trueup.ports.tree import Tree

PLACE = re.compile(r"(?P<file>[^\s,()]+\.[^\s,()]+), line (?P<line>\d+)(?:, column (?P<column>\d+))?")
BIND_PLACE = re.compile(r"(?P<file>[^\s:,]+):(?P<line>\d+): ")
CONTEXT = re.compile(r"(, )?(?:at )?[^\s,()]+\.[^\s,()]+, line \d+(, column \d+)?")
EMPTIED = re.compile(r"\s*\([\s,;]*\)")

SHAPES = ("builtins.AttributeError", "builtins.TypeError", "builtins.KeyError", "builtins.IndexError")
"""What octoDNS falls over when a record has a shape that it does not expect."""
THROTTLED = ("Throttling", "ThrottlingException", "RequestLimitExceeded", "PriorRequestNotComplete", "SlowDown")
EXPIRED = (
    "ExpiredToken",
    "ExpiredTokenException",
    "RequestExpired",
    "InvalidClientTokenId",
    "UnrecognizedClientException",
)
NO_ANSWER = (
    "requests.exceptions.ConnectionError",
    "requests.exceptions.Timeout",
    "botocore.exceptions.EndpointConnectionError",
    "botocore.exceptions.HTTPClientError",
    "dns.exception.Timeout",
    "builtins.EOFError",
    "builtins.OSError",
)
BAD_KEY = ("dns.tsig.PeerError", "dns.tsig.BadSignature", "dns.tsig.BadKey", "dns.query.BadResponse")

BAD_KEY_WORDS = ("BADKEY", "BADSIG", "The peer didn't ")
"""Also dnspython's own, which octodns-bind puts into an error of its own."""


def place_in(text: str, config: Config) -> Place | None:
    """The first place that a text of octoDNS names, in the repository; None where it names none."""
    found = PLACE.search(text) or BIND_PLACE.search(text)
    if found is None:
        return None
    column = found.groupdict().get("column")
    return Place(_in_repository(found["file"], config), int(found["line"]), int(column) if column else 0)


def _in_repository(file: str, config: Config) -> str:
    if file.startswith("/"):
        return config.path
    return posixpath.normpath(posixpath.join(config.workdir, file))


@dataclass(frozen=True)
class Translator:
    config: Config
    tree: Tree
    redact: Callable[[str], str]

    def joined(self, complaints: Sequence[JSON], more: int = 0) -> TrueupError:
        """One error for all: of the first one's kind and place, with the others' words and places."""
        first, *others = [self.error(each) for each in complaints]
        # An alias falls over the same mistake as its zone: said once.
        placed = dict.fromkeys(map(_placed, others))
        placed.pop(_placed(first), None)
        said = [first.message, *placed]
        if more > 0:
            said.append(f"and {more} more")
        return type(first)("\n".join(said), place=first.place, hint=first.hint)

    def error(self, complaint: JSON) -> TrueupError:
        error = self._error(complaint)
        where = complaint["zone"] + (f" at {complaint['provider']}" if complaint["provider"] else "")
        message = error.message if not where or where in error.message else f"{where}: {error.message}"
        return type(error)(self.redact(message), place=error.place, hint=error.hint)

    def unspoken(self, tail: str, code: int) -> TrueupError:
        """The subprocess ended without a word of its own."""
        last = self.redact("\n".join(tail.strip().splitlines()[-5:]))
        return Broken(f"the subprocess that runs octoDNS ended with {code}: {last or 'it said nothing'}")

    def _error(self, said: JSON) -> TrueupError:
        words, place = str(said["words"]), self._place(said)
        if said["during"] in ("config", "source"):
            return self._in_code(said, words, place)
        return self._from_server(said, words, place)

    def _place(self, said: JSON) -> Place | None:
        if said["mark"]:
            return Place(_in_repository(said["mark"][0], self.config), int(said["mark"][1]))
        if said["reasons"]:
            # The context of a whole zone is its line in the configuration; the reasons name the records.
            for reason in said["reasons"]:
                if found := place_in(reason, self.config):
                    return found
        return place_in(said["context"], self.config) or place_in(said["words"], self.config)

    def _in_code(self, said: JSON, words: str, place: Place | None) -> TrueupError:
        """What is wrong in the repository, unless it was a source that asks somebody else."""
        classes = said["classes"]
        if said["status"] or said["code"] or _is_any(classes, (*NO_ANSWER[:-1], *BAD_KEY)):
            return self._from_server(said, words, place)
        if said["reasons"]:
            fqdn = re.search(r'Invalid (record|zone) "([^"]*)"', words)
            what = f"{fqdn[1]} {fqdn[2]}: " if fqdn else ""
            return Invalid(what + "; ".join(_without_places(each) for each in said["reasons"]), place=place)
        if _is_any(classes, SHAPES) or "DuplicateKey" in classes[0]:
            return self._wrong_shape(said, words)
        if classes[0].endswith("NotAllowed"):
            named = [block.place for block in self.config.blocks if block.class_name in words]
            return Invalid(words, place=next(iter(named), Place(self.config.path, 1)))
        if classes[0].endswith("DuplicateRecordException"):
            what, *_, new = words.splitlines()
            again = place_in(new, self.config)
            return Invalid(
                f"{what}: again at {again}" if again else what, place=place, hint="a name has each type once"
            )
        zone = self._zone(said)
        if "no YAMLs found" in words or classes[0].endswith("ZoneFileSourceNotFound"):
            file = f"{said['zone']}yaml" if "no YAMLs found" in words else posixpath.basename(words)
            return Invalid(
                f"there is no file for the zone {said['zone']}",
                place=self._of_zone(said),
                hint=f"add {file} to the source's directory, or take the zone out of the configuration",
            )
        return Invalid(_without_places(words) or classes[0], place=place or (zone.place if zone is not None else None))

    def _wrong_shape(self, said: JSON, words: str) -> TrueupError:
        for file in zone_files_of(self.config, self.tree, said["zone"]):
            if found := mistake_in(self.tree.read(file), file):
                return found
        return Invalid(f"octoDNS cannot read the zone: {words}", place=self._of_zone(said), hint="`trueup dns lint`")

    def _class_of(self, provider: str) -> str:
        block = self.config.providers.get(provider)
        return block.class_name if block is not None else ""

    def _zone(self, said: JSON) -> Zone | None:
        """Its entry in the configuration: of a dynamic zone the one that stands for it."""
        return next(iter(self.config.entries(said["zone"])), None) if said["zone"] else None

    def _of_zone(self, said: JSON) -> Place:
        zone = self._zone(said)
        return zone.place if zone is not None else Place(self.config.path)

    def _from_server(self, said: JSON, words: str, place: Place | None) -> TrueupError:
        classes, status, code = said["classes"], said["status"], said["code"]
        if classes[0] == "octodns.provider.SupportsException":
            hint = "take it out of the code, or `strict_supports: false` for the provider, which leaves such things out"
            return Invalid(words, place=place or self._of_zone(said), hint=hint)
        if said["reasons"]:
            return Invalid("; ".join(said["reasons"]), place=place or self._of_zone(said))
        if status == 429 or code in THROTTLED:
            return Unavailable(f"asked too often: {said['body'] or words}", hint="it is tried again later")
        if status in (401, 403) or code in EXPIRED or "unauthorized" in words.lower() or "AccessDenied" in code:
            return Rejected(
                f"the credentials are not accepted: {said['body'] or words}",
                hint="has the key or token expired? `contexts:` or `credentials:` in trueup.yaml give it to this stack",
            )
        if status >= 500:
            return Unavailable(f"the server answered {status}: {said['body'] or words}")
        if status in (400, 413) and said["during"] == "apply" and "PowerDns" in self._class_of(said["provider"]):
            hint = "a zone goes there in one request: raise `webserver-max-bodysize` (2 MB unless set) of the server"
            return Rejected(f"the server does not take the request: {said['body'] or words}", hint=hint)
        if status or code:
            return Rejected(f"{words}: {said['body']}" if said["body"] and said["body"] not in words else words)
        return self._from_name_server(said, words)

    def _from_name_server(self, said: JSON, words: str) -> TrueupError:
        classes = said["classes"]
        everything = " ".join([words, *said["causes"]])
        if _is_any(classes, BAD_KEY) or any(word in everything for word in BAD_KEY_WORDS):
            return Rejected(
                f"the TSIG key is not accepted: {words or classes[0]}", hint="compare name, secret and algorithm"
            )
        if classes[0].endswith("TooBig"):
            return Rejected(
                f"one update is too big for a message: {words}", hint="lower `update_batch_size` of the provider"
            )
        if classes[0] == "builtins.EOFError":
            hint = "a transfer broke off: raise the server's `tcp-io-timeout` (Knot), it may give up on slow readers"
            return Unavailable("the server closed the connection in the middle of an answer", hint=hint)
        if re.search(r"\b(REFUSED|NOTAUTH)\b", everything):
            hint = "does the zone exist there, and may this key or address transfer and update it?"
            return Rejected(f"the server refuses: {words}", hint=hint)
        if _is_any(classes, NO_ANSWER) or "timed out" in everything or "Connection refused" in everything:
            return Unavailable(f"no answer: {words or classes[0]}")
        return Rejected(words or classes[0])


def _placed(error: TrueupError) -> str:
    return f"{error.place}: {error.message}" if error.place else error.message


def _is_any(classes: Sequence[str], names: Sequence[str]) -> bool:
    return not set(classes).isdisjoint(names)


def _without_places(text: str) -> str:
    """The place is told beside the message."""
    return EMPTIED.sub("", CONTEXT.sub("", text)).strip().rstrip(",")
