"""Which files a configuration means: where relative paths start, the zone files, and what those include."""

import posixpath
from collections.abc import Iterator
from dataclasses import replace

import dns.exception
import dns.tokenizer

from trueup.drivers.dns.configuration.config import YAML_CLASSES, Block, Config, in_idna
from trueup.drivers.dns.configuration.loading import load
from trueup.model.closure import Closure
from trueup.model.errors import Invalid, Place
from trueup.ports.tree import Tree

FILE_KEYS = ("filename", "file", "path", "shared_filename")
"""Settings that name a file."""


def placed(config: Config, tree: Tree, workdir: str | None) -> Config:
    """With the directory that relative paths start from: as it is given, else the repository's root or the
    configuration's own directory, wherever the first declared `directory` is. Raises Invalid."""
    if workdir is not None:
        given = posixpath.normpath(workdir).removeprefix("./")
        if given.startswith(("/", "..")):
            raise Invalid(f"`workdir: {workdir}` leaves the repository", place=Place(config.path))
        return replace(config, workdir="" if given == "." else given)
    here = posixpath.dirname(config.path)
    declared = [block for block in config.blocks if block.has_directory]
    for candidate in dict.fromkeys(("", here)):
        if any(tree.entries(directory_of(block, candidate)) for block in declared):
            return replace(config, workdir=candidate)
    if declared:
        tried = " and ".join(f"`{directory_of(declared[0], each) or '.'}`" for each in dict.fromkeys(("", here)))
        raise Invalid(
            f"`directory: {declared[0].settings['directory']}` is not there: looked for {tried}",
            place=config.places.get((declared[0].section, declared[0].name, "directory"), declared[0].place),
            hint="`workdir:` at the stack's entry says where relative paths start from",
        )
    return config


def directory_of(block: Block, workdir: str) -> str:
    """In the repository; raises Invalid when it is not."""
    text = str(block.settings["directory"])
    if text.startswith("env/"):
        text = text.partition("/")[2].partition("/")[2]
    target = posixpath.normpath(posixpath.join(workdir, text or "/"))
    if target.startswith(("/", "../", "~")) or target == "..":
        raise Invalid(
            f"`directory: {block.settings['directory']}` of `{block.name}` is not in the repository",
            place=block.place,
            hint="write a path below the repository's root",
        )
    return "" if target == "." else target


def closure_of(config: Config, tree: Tree) -> Closure:
    """The configuration, every zone file and every file that one of them includes."""
    wanted = {*config.files, *_zone_files(config, tree)}
    for entry in tree.entries():
        if entry.link and entry.path in wanted:
            target = tree.read(entry.path).decode(errors="replace")
            wanted.add(posixpath.normpath(posixpath.join(posixpath.dirname(entry.path), target)))
    return Closure({entry.path: str(entry.digest) for entry in tree.entries() if entry.path in wanted})


def zone_files_of(config: Config, tree: Tree, zone: str) -> list[str]:
    """The YAML files of one zone, whole or split, in every source directory."""
    declared = config.zone(zone)
    names = {in_idna(zone).rstrip("."), in_idna(declared.alias if declared is not None else "").rstrip(".")} - {""}
    found = []
    for block in config.yaml_sources:
        directory = directory_of(block, config.workdir)
        for entry in tree.entries(directory):
            inside = entry.path.removeprefix(f"{directory}/" if directory else "").partition("/")[0]
            if in_idna(inside.removesuffix(".yaml").rstrip(".")) in names:
                found.append(entry.path)
    return found


def _zone_files(config: Config, tree: Tree) -> Iterator[str]:
    for block in config.providers.values():
        for key in FILE_KEYS:
            if isinstance(name := block.settings.get(key), str):
                yield posixpath.normpath(posixpath.join(config.workdir, name))
        if block.has_directory:
            yield from _in_directory(block, config, tree)


def _in_directory(block: Block, config: Config, tree: Tree) -> Iterator[str]:
    directory = directory_of(block, config.workdir)
    yaml_only = block.class_name in YAML_CLASSES
    for entry in tree.entries(directory):
        if yaml_only and not entry.path.endswith((".yaml", ".yml")):
            continue
        yield entry.path
        if yaml_only and b"!include" in tree.read(entry.path):
            yield from load(tree, entry.path).files
        if not yaml_only and entry.path.endswith(str(block.settings.get("file_extension", "."))):
            yield from _included(entry.path, config, tree, ())


def _included(file: str, config: Config, tree: Tree, above: tuple[str, ...]) -> Iterator[str]:
    """What `$INCLUDE` of a BIND file names, read as dnspython reads it: it would open any path of the machine. Raises
    Invalid."""
    content = tree.read(file)
    if b"$include" not in content.lower():
        return
    words = dns.tokenizer.Tokenizer(content.decode(errors="replace"), file)
    try:
        while not (word := words.get(want_leading=True, want_comment=True)).is_eof():
            if word.value.upper() == "$INCLUDE":
                place = Place(file, words.where()[1])
                yield (path := _include(words.get().value, place, config, tree))
                if path in (file, *above):
                    raise Invalid(f"`$INCLUDE` of `{path}` includes itself", place=place)
                yield from _included(path, config, tree, (file, *above))
            while not word.is_eol_or_eof():
                word = words.get(want_comment=True)
    except dns.exception.DNSException:
        return  # no zone file: octoDNS says where


def _include(name: str, place: Place, config: Config, tree: Tree) -> str:
    path = posixpath.normpath(posixpath.join(config.workdir, name))
    if path.startswith(("/", "../")):
        raise Invalid(f"`$INCLUDE {name}` is not in the repository", place=place, hint="include a file of it")
    if not any(entry.path == path for entry in tree.entries(posixpath.dirname(path))):
        raise Invalid(f"`$INCLUDE {name}`: there is no {path}", place=place, hint="paths start where `directory:` does")
    return path
