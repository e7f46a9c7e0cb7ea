"""DNS stacks in trueup.yaml: a file or a directory, by name or by pattern; what only the control repository says."""

from tests.dns.jobs import CONFIG, POWERDNS, WWW, ZONE, config, tree
from tests.manifests.samples import stacks
from trueup.drivers.dns.driver import DnsDriver
from trueup.manifests.expansion import diagnose, expand
from trueup.manifests.formats import FormatEntry
from trueup.manifests.manifest import CONTROL
from trueup.manifests.native import load

DRIVER = DnsDriver()
FORMATS = {key: FormatEntry(DRIVER.name, spec, files=DRIVER.files) for key, spec in DRIVER.specs.items()}
FILES = {
    CONFIG: config(POWERDNS),
    "dns/staging.yaml": config(POWERDNS),
    ZONE: WWW,
    "zones/example.net.yaml": WWW,
}


def test_a_stack_is_a_file_or_a_directory() -> None:
    """The path of a stack may be its configuration; a capture may be a part of the file's name."""
    entries = ("{octodns: 'dns/{env}.yaml', allow: [acme.Provider]}", "{zones: zones, env: dev, provider: {class: x}}")
    text = stacks(*entries, environments="dev: {}, staging: {}, production: {}")
    manifest = expand(load(text, "trueup.yaml", FORMATS), {CONTROL: tree(FILES)})
    assert [(each.path, each.environment.name) for each in manifest.declarations] == [
        ("dns/production.yaml", "production"),
        ("dns/staging.yaml", "staging"),
        ("zones", "dev"),
    ]
    for each in manifest.declarations[:2]:
        assert DRIVER.read(tree(FILES), each.path, each.spec).closure.files.keys() == {each.path, ZONE}
        assert each.spec.allow == ("acme.Provider",)


def test_another_repository_does_not_say_whose_code_may_run() -> None:
    """`allow` governs: in a layout it is a mistake at its line."""
    control = b"apiVersion: trueup.dev/v1\nrepositories:\n  data: {url: 'file:///x'}\n"
    layout = "apiVersion: trueup.dev/v1\nstacks:\n  - octodns: dns/production.yaml\n    allow: [acme.Provider]\n"
    found = diagnose(control, "trueup.yaml", FORMATS, {"data": tree({**FILES, "trueup.yaml": layout})})
    assert [(str(each.place), each.message) for each in found if each.code == "not-here"] == [
        ("data//trueup.yaml:4:5", "`allow` cannot be set here")
    ]


def test_a_configuration_is_found_by_what_it_holds() -> None:
    """Its path names the environment; other YAML with zones is none."""
    other = {"k8s/zones.yaml": "providers: {}\nzones: {}\n", "a.yaml": "providers:\n  a: {class: x.Y}\nzones: {}\n"}
    found = [(each.path, each.format, each.environment) for each in DRIVER.discover(tree({**FILES, **other}))]
    assert found == [(CONFIG, "octodns", "production"), ("dns/staging.yaml", "octodns", "staging")]
