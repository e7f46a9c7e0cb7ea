"""What one source file says, as values: modules, files that it reads, resources, what `init` depends on."""

from dataclasses import dataclass

from trueup.model.errors import Place

MODULE, ROOT, DYNAMIC = "${path.module}", "${path.root}", "${}"
"""Parts of a path that are not literal text: the two directories, and what only an evaluation would tell."""

FILE_FUNCTIONS = frozenset(
    {"file", "filebase64", "fileexists", "fileset", "filemd5", "templatefile"}
    | {f"file{base}sha{bits}" for base in ("", "base64") for bits in (1, 256, 512)}
)
FILE_ATTRIBUTES = frozenset({"filename", "source", "user_data_file", "script", "scripts"})
"""Attributes whose text names a file that a provider or provisioner reads by itself."""
EVERYTHING = "all"


@dataclass(frozen=True)
class ModuleCall:
    name: str
    source: str
    """Empty when it is not a literal."""
    place: Place

    @property
    def local(self) -> bool:
        return self.source.startswith(("./", "../"))


@dataclass(frozen=True)
class FileUse:
    """A path that the code reads: literal text, MODULE, ROOT and DYNAMIC parts in order."""

    parts: tuple[str, ...]
    by: str
    """The function or attribute that names it."""
    place: Place


@dataclass(frozen=True)
class Declared:
    """One resource or data block."""

    mode: str
    kind: str
    name: str
    place: Place
    dynamic: frozenset[str] = frozenset()
    """Names of blocks that a `dynamic` block makes."""
    ignored: frozenset[str] = frozenset()
    """Top-level attributes in lifecycle.ignore_changes; EVERYTHING for `all`."""
    provisioners: tuple[str, ...] = ()


@dataclass(frozen=True)
class Said:
    modules: tuple[ModuleCall, ...] = ()
    file_uses: tuple[FileUse, ...] = ()
    declared: tuple[Declared, ...] = ()
    moments: tuple[tuple[str, Place], ...] = ()
    """Calls of timestamp() and plantimestamp()."""
    required_version: str = ""
    backend: str = ""
    """Its type; `cloud` for a cloud block."""
    backend_path: str = ""
    """Of a local backend, where it is a literal."""
    providers: frozenset[str] = frozenset()
    """Local names of configured or implied providers."""
    configured: tuple[tuple[str, str], ...] = ()
    """Provider blocks: local name, and the block's text."""
    for_init: tuple[str, ...] = ()
    """Text of everything that `init` depends on: terraform blocks, module sources, implied providers."""
