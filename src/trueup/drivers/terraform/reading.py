"""Reading a root module without running anything: its closure, and what in it acts during a plan."""

import fnmatch
import posixpath
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from trueup.drivers.terraform.layout import Layout, join, leaves
from trueup.drivers.terraform.said import DYNAMIC, FILE_ATTRIBUTES, MODULE, ROOT, FileUse, ModuleCall, Said
from trueup.drivers.terraform.source import parse
from trueup.drivers.terraform.spec import TerraformSpec
from trueup.model.closure import Closure
from trueup.model.errors import Invalid, Place
from trueup.model.plan import Finding

CODE = (".tf", ".tf.json", ".tofu", ".tofu.json")
LOCK_FILE = ".terraform.lock.hcl"
VERSION_FILES = (".terraform-version", ".opentofu-version")
_BESIDE = (LOCK_FILE, *VERSION_FILES, "terraform.tfvars", "terraform.tfvars.json")
_NEVER = ("*.tfstate", "*.tfstate.*", ".terraform/*", "*.tfplan")
"""Left out where a whole directory is taken because a path is only known when the code runs."""


@dataclass
class Module:
    """One directory of code and what its files say."""

    directory: str
    sources: dict[str, Said] = field(default_factory=dict)


@dataclass
class Root:
    """A root module with everything that it reaches inside the tree."""

    layout: Layout
    path: str
    modules: dict[str, Module] = field(default_factory=dict)
    files: dict[str, str] = field(default_factory=dict)
    """Path to digest."""

    @property
    def closure(self) -> Closure:
        return Closure(dict(sorted(self.files.items())))

    @property
    def own(self) -> Module:
        return self.modules[self.path]

    def sources(self) -> Iterator[tuple[str, Said]]:
        for module in self.modules.values():
            yield from module.sources.items()


def read_root(layout: Layout, path: str, spec: TerraformSpec) -> Root:
    """Raises Invalid with file, line and column for what cannot work."""
    root = Root(layout, path.strip("/"))
    _take_module(root, root.path)
    if not root.own.sources:
        raise Invalid(
            "there is no Terraform code in this directory",
            place=Place(path),
            hint="name a directory with *.tf files under `stacks:`",
        )
    for entry in layout.directories.get(root.path, ()):
        name = posixpath.basename(entry.path)
        if name in _BESIDE or name.endswith((".auto.tfvars", ".auto.tfvars.json")):
            _take(root, entry.path)
    for setting, names in (("varFiles", spec.var_files), ("backendFiles", spec.backend_files)):
        for name in names:
            _take_named(root, name, setting)
    for variables in [file for file in root.files if file.endswith((".tfvars", ".hcl"))]:
        parse(variables, layout.tree.read(layout.resolve(variables)[0]))
    return root


def findings(root: Root) -> tuple[Finding, ...]:
    """What a person should know before this code runs, because a plan runs it (facts: plan is code execution)."""
    found = []
    for _, source in root.sources():
        for each in source.declared:
            if each.mode == "data" and each.kind in ("external", "http"):
                code = "external-data" if each.kind == "external" else "http-data"
                runs = "runs a program" if each.kind == "external" else "fetches an address"
                found.append(Finding(code, f"data.{each.kind}.{each.name} {runs} during every plan", each.place))
            for provisioner in each.provisioners:
                message = (
                    f"{each.kind}.{each.name} runs {provisioner} when it is applied; what that does shows in no plan"
                )
                found.append(Finding(provisioner, message, each.place))
    found += _states_in_git(root)
    if posixpath.join(root.path, LOCK_FILE) not in root.files and _needs_providers(root):
        hint = "run `terraform init` (or `tofu init`) and commit the file"
        found.append(
            Finding("no-lock-file", f"there is no {LOCK_FILE}: nothing pins the providers", Place(root.path), hint)
        )
    return tuple(found)


def _states_in_git(root: Root) -> list[Finding]:
    """Such a state is not used: without it everything would be created a second time."""
    if any(source.backend not in ("", "local") for source in root.own.sources.values()):
        return []
    return [
        Finding(
            "state-in-git",
            "the repository holds this stack's state, and a state in Git is never used",
            Place(entry.path),
            hint="give the stack a backend and move the state there: `init -migrate-state`; then remove the file",
            stops=True,
        )
        for entry in root.layout.directories.get(root.path, ())
        if entry.path.endswith(".tfstate")
    ]


def _needs_providers(root: Root) -> bool:
    return any(source.providers - {"terraform"} for _, source in root.sources())


def _take_module(root: Root, directory: str) -> None:
    if directory in root.modules:
        return
    module = root.modules[directory] = Module(directory)
    for entry in root.layout.directories.get(directory, ()):
        if entry.path.endswith(CODE):
            _take(root, entry.path)
            module.sources[entry.path] = parse(entry.path, root.layout.tree.read(root.layout.resolve(entry.path)[0]))
    for source in module.sources.values():
        for call in source.modules:
            if call.local:
                _take_call(root, directory, call)
        for use in source.file_uses:
            _take_use(root, directory, use)


def _take_call(root: Root, directory: str, call: ModuleCall) -> None:
    target = _inside(join(directory, call.source), call.place)
    resolved, links = root.layout.resolve(target)
    _record(root, links)
    if not any(entry.path.endswith(CODE) for entry in root.layout.directories.get(resolved, ())):
        raise Invalid(f"module {call.name}: there is no Terraform code in {target or '.'}", place=call.place)
    _take_module(root, resolved)


def _take_use(root: Root, directory: str, use: FileUse) -> None:
    """Everything that the path may mean: the file, or all below the part of it that is known."""
    known = _static(use.parts, directory, root.path)
    if known is None:
        return _take_below(root, directory)
    target, whole = known
    if leaves(target):
        if use.by in FILE_ATTRIBUTES:
            return None
        _inside(target, use.place)
    resolved, links = root.layout.resolve(target)
    if whole and resolved in root.layout.entries:
        return _take(root, target, links)
    reads_many = use.by == "fileset" or not whole
    is_other_directory = use.by not in FILE_ATTRIBUTES and resolved not in (root.path, directory)
    return _take_below(root, resolved) if reads_many or is_other_directory else None


def _static(parts: Sequence[str], directory: str, root: str) -> tuple[str, bool] | None:
    """The path, and whether that is all of it; None where nothing is known. A relative one is relative to the
    root module, where Terraform runs, as for the functions of the language."""
    base, text = root, ""
    for index, part in enumerate(parts):
        if part == DYNAMIC:
            stem = text.rpartition("/")[0]
            return (join(base, stem.lstrip("/")), False) if stem else None
        if part in (MODULE, ROOT):
            if index:
                return None
            base = directory if part == MODULE else root
        else:
            text += part
    if text.startswith("/") and base == root and parts[0] not in (MODULE, ROOT):
        return text, True
    return join(base, text.lstrip("/")), True


def _take_below(root: Root, directory: str) -> None:
    for entry in root.layout.below(directory):
        inner = entry.path[len(directory) :].lstrip("/")
        if not any(fnmatch.fnmatch(inner, pattern) for pattern in _NEVER):
            _take(root, entry.path)


def _take_named(root: Root, name: str, setting: str) -> None:
    target = _inside(join(root.path, name), Place(name))
    if root.layout.resolve(target)[0] not in root.layout.entries:
        raise Invalid(
            f"{setting} names {name}, which does not exist in {root.path or 'the root of the repository'}",
            place=Place(target),
            hint=f"write the path relative to the stack's directory, or remove it from `{setting}`",
        )
    _take(root, target)


def _take(root: Root, path: str, links: Sequence[str] = ()) -> None:
    resolved, passed = root.layout.resolve(path)
    if resolved not in root.layout.entries:
        raise Invalid(f"the symbolic link points at {resolved}, which does not exist", place=Place(path))
    _record(root, (*links, *passed, resolved))


def _record(root: Root, paths: Sequence[str]) -> None:
    for path in paths:
        root.files[path] = root.layout.entries[path].digest


def _inside(path: str, place: Place) -> str:
    if leaves(path):
        raise Invalid(
            "the path leaves the repository", place=place, hint="keep modules and files in the same repository"
        )
    return path
