"""Coverage on disk: the code that would take in what no code has, one file for each kind of resource."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from trueup.model.errors import Invalid
from trueup.model.values import JSON


def write_code(directory: Path, strays: Sequence[JSON]) -> Iterator[Path]:
    """Writes KIND.tf for every kind; never over a file that is there. Raises Invalid."""
    by_kind: dict[str, list[str]] = {}
    for each in strays:
        if each["code"]:
            by_kind.setdefault(str(each["kind"]), []).append(str(each["code"]))
    for kind, texts in sorted(by_kind.items()):
        path = directory / f"{kind}.tf"
        try:
            directory.mkdir(parents=True, exist_ok=True)
            with path.open("x", encoding="utf-8") as file:
                file.write("\n".join(texts))
        except OSError as error:
            raise Invalid(f"{path} cannot be written: {error.strerror}", hint="name an empty directory") from None
        yield path
