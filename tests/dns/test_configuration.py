"""Configurations as people have them, read before octoDNS sees them, and what may not be in one."""

from collections.abc import Mapping

import pytest

from tests.dns.jobs import CONFIG, POWERDNS, WWW, ZONE, tree, with_provider
from trueup.drivers.dns.driver import DnsDriver
from trueup.drivers.dns.prepared import Root, read_root
from trueup.drivers.dns.spec import OctodnsSpec, ZonesSpec
from trueup.model.errors import Invalid
from trueup.model.values import JSON

SPLIT = {
    "config/production.yaml": """\
---
manager:
  max_workers: 2
  processors:
    - no-acme
providers: !include parts/providers.yaml
processors:
  no-acme:
    class: octodns.processor.acme.AcmeManagingProcessor
zones:
  '*':
    sources: [config]
    targets: [pdns]
    glob: '*.example.'
  <<: !include parts/zones.yaml
""",
    "config/parts/providers.yaml": """\
config:
  class: octodns.provider.yaml.YamlProvider
  directory: ./config/zones
pdns:
  class: octodns_powerdns.PowerDnsProvider
  host: env/PDNS_HOST/127.0.0.1
  api_key: env/PDNS_KEY
""",
    "config/parts/zones.yaml": """\
example.com.: &own
  sources: [config]
  targets: [pdns]
example.net.:
  alias: example.com.
example.org.: *own
""",
    "config/zones/example.com.yaml": WWW,
    "config/zones/example.org.yaml": "www: !include shared/www.yaml\n",
    "config/zones/shared/www.yaml": "type: A\nvalue: 192.0.2.1\n",
    "config/zones/README.md": "not a zone",
    "README.md": "not of this stack",
}


def read(files: Mapping[str, str], path: str = CONFIG, **spec: JSON) -> Root:
    return read_root(tree(files), path, OctodnsSpec.model_validate(spec))


def test_an_existing_repository_is_a_stack_as_it_is() -> None:
    """Parts by `!include`, merged zones, anchors, a dynamic zone, an alias, variables with and without a default."""
    root = read(SPLIT, "config/production.yaml")
    assert [zone.name for zone in root.config.zones] == ["*", "example.com.", "example.net.", "example.org."]
    assert root.config.zones[2].alias == "example.com." and root.config.zones[0].dynamic
    assert {name: str(place) for name, place in root.config.variables.items()} == {
        "PDNS_KEY": "config/parts/providers.yaml:7:3"
    }
    assert root.config.secrets == {"PDNS_KEY"}
    assert root.config.workdir == ""
    assert sorted(root.closure.files) == [
        "config/parts/providers.yaml",
        "config/parts/zones.yaml",
        "config/production.yaml",
        "config/zones/example.com.yaml",
        "config/zones/example.org.yaml",
        "config/zones/shared/www.yaml",
    ]


def test_relative_paths_start_where_the_declared_directory_is() -> None:
    """The repository's root, or the configuration's own directory, or what `workdir` says."""
    beside = with_provider(**POWERDNS)
    beside[CONFIG] = beside[CONFIG].replace("./dns/zones", "zones")
    assert read(beside).config.workdir == "dns"
    assert read(with_provider(**POWERDNS)).config.workdir == ""
    deep = {f"infra/{path}": text for path, text in with_provider(**POWERDNS).items()}
    assert read(deep, f"infra/{CONFIG}", workdir="infra").config.workdir == "infra"
    with pytest.raises(Invalid, match=r"looked for `dns/zones` and `infra/dns/dns/zones`") as caught:
        read(deep, f"infra/{CONFIG}")
    assert "workdir" in caught.value.hint


@pytest.mark.parametrize(
    "class_name", ["subprocess.Popen", "os.system", "acme.dns.Provider", "octodnsevil.Provider", "octodns"]
)
def test_a_class_of_anybody_else_is_refused_at_its_line(class_name: str) -> None:
    """A configuration is code: before anything of it runs the class has to be one of octoDNS's family."""
    with pytest.raises(Invalid, match=class_name) as caught:
        read(with_provider(**{"class": class_name}))
    assert str(caught.value.place).startswith(f"{CONFIG}:6")
    assert f"allow: [{class_name}]" in caught.value.hint


def test_the_control_repository_allows_a_class_of_its_own() -> None:
    """Only there: the key governs."""
    read(with_provider(**{"class": "acme.dns.Provider"}), allow=["acme.dns.Provider"])
    assert OctodnsSpec.model_json_schema()["properties"]["allow"]["governing"] is True


@pytest.mark.parametrize(
    ("files", "said", "line"),
    [
        ({CONFIG: "providers: !include ../../secrets.yaml\nzones: {}\n"}, "leaves the repository", 1),
        ({CONFIG: "providers: !include /etc/octodns.yaml\nzones: {}\n"}, "leaves the repository", 1),
        ({CONFIG: "providers: !include ~/octodns.yaml\nzones: {}\n"}, "leaves the repository", 1),
        ({CONFIG: "providers: !include gone.yaml\nzones: {}\n"}, "there is no dns/gone.yaml", 1),
        ({CONFIG: "providers: !include production.yaml\nzones: {}\n"}, "includes itself", 0),
        ({CONFIG: "zones: {}\n"}, "`providers:` is missing", 1),
        ({CONFIG: "providers: {a: {host: b}}\nzones: {}\n"}, "`a` has no `class`", 1),
        ({CONFIG: "providers: {}\nzones:\n  example.com: {}\n"}, "misses its dot", 3),
        ({CONFIG: "providers: {}\nzones:\n  example.com.: {sources: []}\n"}, "misses `targets`", 3),
        ({CONFIG: "providers: {}\nzones:\n  a.: {sources: [b], targets: []}\n"}, "names the provider `b`", 3),
        ({CONFIG: "providers: {}\nzones:\n  a.: {alias: b.}\n"}, "does not exist", 3),
        ({CONFIG: "providers: {\nzones: }:\n"}, "not allowed in this context", 2),
        (
            {CONFIG: with_provider(**POWERDNS)[CONFIG].replace("./dns/zones", "../../etc"), ZONE: WWW},
            "is not in the repository",
            3,
        ),
        (with_provider(**{"class": "octodns.provider.yaml.YamlProvider", "directory": "out"}), "writes files", 9),
    ],
)
def test_what_is_wrong_is_said_at_its_line(files: Mapping[str, str], said: str, line: int) -> None:
    """Also inside what is included; nothing is read outside of the repository."""
    with pytest.raises(Invalid, match=said) as caught:
        read(files)
    assert caught.value.place is not None and caught.value.place.file == CONFIG
    assert caught.value.place.line == line


def test_anchors_that_name_each_other_do_not_fill_the_memory() -> None:
    """A billion laughs in a configuration."""
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 9)]
    with pytest.raises(Invalid, match="anchors"):
        read({CONFIG: "\n".join(lines)})


def test_a_plain_directory_needs_one_provider() -> None:
    """A zone for each file, in YAML or as BIND writes it; two kinds are a question."""
    spec = ZonesSpec.model_validate({"provider": POWERDNS})
    yaml_files = {"zones/example.com.yaml": WWW, "zones/example.net.yaml": WWW, "zones/notes.txt": ""}
    root = read_root(tree(yaml_files), "zones", spec)
    assert [zone.name for zone in root.config.zones] == ["example.com.", "example.net."]
    assert sorted(root.closure.files) == ["zones/example.com.yaml", "zones/example.net.yaml"]
    bind = read_root(tree({"zones/example.com.zone": "$ORIGIN example.com.\n"}), "zones", spec)
    assert bind.config.providers["zones"].settings["file_extension"] == ".zone"
    with pytest.raises(Invalid, match=r"in YAML .1. and of BIND .1."):
        read_root(tree({"zones/a.b.yaml": WWW, "zones/c.d.zone": ""}), "zones", spec)
    with pytest.raises(Invalid, match="holds no zone file"):
        read_root(tree({"zones/README.md": ""}), "zones", spec)


def bind(**files: str) -> Root:
    """A plain directory with a zone file of BIND, and other files of the repository."""
    named = {f"zones/{name.replace('_', '.')}": text for name, text in files.items()}
    return read_root(tree(named), "zones", ZonesSpec.model_validate({"provider": POWERDNS}))


def test_what_a_zone_file_of_bind_includes_is_in_the_closure() -> None:
    """Also what that one includes."""
    parts = {"ns_inc": "@ NS ns1.example.net.\n", "all_inc": "; $INCLUDE none\n$include zones/ns.inc\n"}
    root = bind(example_com_zone='@ SOA a b 1 2 3 4 5\nt TXT "$INCLUDE x"\n$INCLUDE zones/all.inc\n', **parts)
    assert sorted(root.closure.files) == ["zones/all.inc", "zones/example.com.zone", "zones/ns.inc"]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("$INCLUDE /etc/passwd", "not in the repository"),
        ('($include "../secrets")', "not in the repository"),
        ("$INCLUDE ns.inc", "there is no ns.inc"),
        ("$INCLUDE zones/example.com.zone", "includes itself"),
    ],
)
def test_a_zone_file_of_bind_includes_nothing_else_of_the_machine(line: str, said: str) -> None:
    """dnspython would open it, whatever it is."""
    with pytest.raises(Invalid, match=said) as caught:
        bind(example_com_zone=f"$TTL 300\n{line}\n")
    assert str(caught.value.place) == "zones/example.com.zone:2"


def test_the_closure_moves_with_every_file_that_counts_and_no_other() -> None:
    """A push elsewhere is no reason to plan again."""
    driver, spec = DnsDriver(), OctodnsSpec()
    first = driver.read(tree(SPLIT), "config/production.yaml", spec).closure.digest
    elsewhere = driver.read(tree({**SPLIT, "README.md": "x"}), "config/production.yaml", spec).closure.digest
    included = {**SPLIT, "config/zones/shared/www.yaml": "type: A\nvalue: 192.0.2.2\n"}
    assert first == elsewhere != driver.read(tree(included), "config/production.yaml", spec).closure.digest
