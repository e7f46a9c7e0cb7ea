"""What Trueup put anywhere, as people see it."""

from rich.console import Group, RenderableType
from rich.text import Text

from trueup.cli import sheet
from trueup.cli.when import When
from trueup.model.values import JSON


def traces(document: JSON, when: When) -> RenderableType:
    del when
    rows = [(each["name"], _size(each["bytes"])) for each in document["files"]]
    files = sheet.table(("name", "size"), rows, "Nothing: it is not there.")
    parts: list[RenderableType] = [
        Text(f"On this machine, in {document['data']}", style="bold"),
        files,
        Text("\nIn repositories", style="bold"),
    ]
    temporary = [Text(name) for name in document["temporary"]]
    parts[2:2] = [Text("\nTemporary directories", style="bold"), *temporary] if temporary else []
    parts += [_refs(each) for each in document["refs"]] or [Text("Nothing that this data directory knows of.")]
    if document["states"]:
        kept = [Text(f"  {name}") for name in document["states"]]
        parts.insert(2, Group(Text("\nStates that are kept there and nowhere else", style="bold red"), *kept))
    parts += [Text("\nIn the cloud", style="bold"), Text("Nothing. State and locks stay where they were.")]
    return Group(*parts)


def _refs(document: JSON) -> RenderableType:
    name = str(document["repository"])
    if document["error"]:
        return Text(f"{name}: could not be asked: {str(document['error']).splitlines()[0]}", style="red")
    if not document["names"]:
        return Text(f"{name}: nothing")
    seen = " (as last seen)" if document["mirror"] else ""
    refs = [Text(f"  {ref}") for ref in document["names"]]
    way = (
        "goes with the data directory"
        if document["mirror"]
        else f"remove one with: git push {document['url']} --delete REF"
    )
    removing = Text(f"  {way}", style="dim")
    return Group(Text(f"{name}{seen}:"), *refs, removing)


def _size(count: int) -> str:
    size = float(count)
    for unit in ("B", "KiB", "MiB"):
        if size < 1024:
            return f"{size:.0f} {unit}"
        size /= 1024
    return f"{size:.1f} GiB"
