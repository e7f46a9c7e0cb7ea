"""Format: a file that was as `terraform fmt` keeps it stays so after an edit; any other file is left as it is written.

The rules are those of hclwrite for neighbouring lines: `=` and trailing comments stand in columns.
Source: https://github.com/hashicorp/hcl/blob/main/hclwrite/format.go
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from tree_sitter import Node

from trueup.drivers.terraform.hcl_nodes import descend, parse_source

_OPENING = frozenset({"{", "[", "(", "template_interpolation_start", "template_directive_start"})
_CLOSING = frozenset({"}", "]", ")", "template_interpolation_end", "template_directive_end"})


@dataclass
class _Line:
    """One line as fmt sees it: what leads, an assignment that ends on the line, a trailing comment, the line's end."""

    lead: str
    assign: str = ""
    comment: str = ""
    end: str = ""
    raw: bool = False
    """Of a heredoc's text, all of which is one line to fmt."""

    @property
    def said(self) -> str:
        """Before the comment."""
        return (self.lead + self.assign).rstrip()

    @property
    def text(self) -> str:
        return self.lead + self.assign + self.comment + self.end


@dataclass
class _Row:
    """What the grammar found on one line: its tokens, and whether it belongs to a heredoc's text."""

    tokens: list[Node] = field(default_factory=list)
    raw: bool = False


def formatted(path: str, before: bytes, after: bytes) -> bytes:
    """`after`, its columns straightened when those of `before` were straight."""
    return aligned(path, after) if aligned(path, before) == before else after


def aligned(path: str, content: bytes) -> bytes:
    """The file with its columns as fmt would have them. Raises Invalid when it is no HCL."""
    texts = content.decode().split("\n")
    lines = [_line(text, row) for text, row in zip(texts, _rows(path, content, len(texts)), strict=True)]
    for chain in _chains(lines, lambda line: bool(line.assign)):
        width = max(len(line.lead.rstrip()) for line in chain)
        for line in chain:
            line.lead = line.lead.rstrip().ljust(width) + " "
    for chain in _chains(lines, lambda line: bool(line.comment)):
        width = max(len(line.said) for line in chain)
        for line in chain:
            line.lead, line.assign = line.said.ljust(width) + " ", ""
    return "\n".join(line.text for line in lines).encode()


def _rows(path: str, content: bytes, count: int) -> Sequence[_Row]:
    rows = [_Row() for _ in range(count)]
    for node in descend(parse_source(path, content).root):
        if node.type == "heredoc_template":
            for row in rows[node.start_point.row + 1 : node.end_point.row + 1]:
                row.raw = True
        if not node.children:
            rows[node.start_point.row].tokens.append(node)
    return rows


def _line(text: str, row: _Row) -> _Line:
    bare = text.rstrip("\r")
    line = _Line(bare, end=text[len(bare) :], raw=row.raw)
    tokens = [] if row.raw else row.tokens
    if len(tokens) > 1 and tokens[-1].type == "comment" and tokens[-1].start_point.row == tokens[-1].end_point.row:
        line.lead, line.comment = _split(bare, tokens.pop())
    for index, token in enumerate(tokens):
        if index and token.type == "=":
            brackets = sum((each.type in _OPENING) - (each.type in _CLOSING) for each in tokens[index:])
            if not brackets:
                line.lead, line.assign = _split(line.lead, token)
            break
    return line


def _split(text: str, token: Node) -> tuple[str, str]:
    position = len(text.encode()[: token.start_point.column].decode())
    return text[:position], text[position:]


def _chains(lines: Sequence[_Line], has: Callable[[_Line], bool]) -> Iterator[list[_Line]]:
    """Neighbouring lines that have the cell."""
    chain: list[_Line] = []
    for line in lines:
        if line.raw:
            continue
        if has(line):
            chain.append(line)
        elif chain:
            yield chain
            chain = []
    if chain:
        yield chain
