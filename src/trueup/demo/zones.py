"""The zone: a name server that people edit by hand becomes code, and stays it."""

import secrets

from trueup.demo import name_server
from trueup.demo.name_server import NameServer
from trueup.demo.opening import merge
from trueup.demo.scene import Scene
from trueup.manifests.layouts import FILE
from trueup.model.drift import Resolution
from trueup.model.run import RunState

CONFIG = "dns/production.yaml"
ZONE = "acme.test."
SHOP = f"shop.{ZONE}"
OCTODNS = """\
providers:
  zones:
    class: octodns.provider.yaml.YamlProvider
    directory: ./dns/zones
  powerdns:
    class: octodns_powerdns.PowerDnsProvider
    host: 127.0.0.1
    port: {port}
    api_key: env/POWERDNS_API_KEY
    enable_dynamic: false
zones:
  acme.test.:
    sources: [zones]
    targets: [powerdns]
"""
"""What any octoDNS project has."""
DECLARED = """\
  - octodns: dns/production.yaml
    env: prod
"""
SECRET = """\
  - match: {{env: prod}}
    secrets: {{POWERDNS_API_KEY: "file:{file}"}}
"""


def zone(scene: Scene) -> None:
    """A zone that only lives on its server is written down, settled, changed by hand, and written down again."""
    tell = scene.telling
    if name_server.absent():
        tell.say(f"Skipped: there is no PowerDNS on this machine ({name_server.INSTALL}).")
        return
    with scene_server(scene) as server:
        _imported(scene, server)
        _changed_by_hand(scene, server)


def scene_server(scene: Scene) -> NameServer:
    return NameServer(scene.directory / "powerdns", secrets.token_urlsafe(18))


def _imported(scene: Scene, server: NameServer) -> None:
    tell, facts = scene.telling, scene.facts
    tell.say(f"{ZONE} is served by a PowerDNS that people edit in its console. Carla adds an octoDNS configuration.")
    server.create(ZONE)
    server.sets(ZONE, f"ns1.{ZONE}", "A", "192.0.2.53")
    server.sets(ZONE, SHOP, "A", "192.0.2.10", "192.0.2.11", ttl=300)
    server.sets(ZONE, ZONE, "MX", "10 mx1.acme.example.", "20 mx2.acme.example.")
    server.sets(ZONE, ZONE, "TXT", '"v=spf1 mx -all"')
    _declare(scene, server)
    scene.carla.pushes("The zone acme.test: where it is")
    facts.until("it is known", lambda: facts.standing(CONFIG), lambda standing: standing == "unadopted")
    words = ("dns", "import", CONFIG, ZONE, "--from", "powerdns", "--write", ".")
    scene.carla.types(*words, lines=(12, 0))
    scene.carla.pushes("The zone acme.test, as it is live")
    scene.carla.asks("refresh")
    said = scene.carla.types("adopt", CONFIG, "--reason", "as imported", lines=(2, 0))
    tell.holds("what was imported is what is live", facts.standing(CONFIG) == "settled", said)


def _changed_by_hand(scene: Scene, server: NameServer) -> None:
    tell, facts = scene.telling, scene.facts
    tell.say("At night a new machine takes over: Mira adds its address to shop.acme.test on the server.")
    server.sets(ZONE, SHOP, "A", "192.0.2.10", "192.0.2.12", ttl=300)
    with tell.waiting("another serial, and a check"):
        facts.until("it has drifted", lambda: facts.drifts(CONFIG), bool)
    drift = facts.drift(CONFIG)
    scene.carla.types("drift", "show", drift["id"], lines=(12, 0))
    tell.holds("it is the one record, and nothing else", drift["address"] == f"{ZONE}:shop:A", drift)
    scene.mira.types("drift", "codify", drift["id"], "--reason", "the new machine stays", lines=(6, 0))
    request = facts.get("drifts", drift["id"])["request"]
    tell.holds("it is written into the zone file, proven", request is not None, drift)
    commit = merge(scene, request)
    scene.carla.git("fetch", "--quiet", "origin")
    changed = [line for line in scene.carla.git("diff", f"{commit}^1", commit).splitlines() if line[:1] in "+-"]
    for line in changed:
        tell.say(f"    {line}")
    tell.holds("one line of the file changed", len([line for line in changed if line[:3] not in ("+++", "---")]) == 2)
    with tell.waiting("the delivery"):
        run = facts.run_reaching(facts.started(CONFIG, commit), RunState.FINISHED)
    tell.holds("its delivery had nothing left to apply", run["changes"] == [], run)
    live = server.values(ZONE, SHOP, "A")
    tell.holds("nothing was undone", live == ["192.0.2.10", "192.0.2.12"], live)
    resolved = facts.get("drifts", drift["id"])
    tell.holds("the drift is resolved: codified", resolved["resolution"] == Resolution.CODIFIED, resolved)
    said = scene.carla.types("dns", "diff", CONFIG, f"127.0.0.1@{server.port}")
    tell.holds("what the name server answers is what the code says", "are what the code says" in said, said)


def _declare(scene: Scene, server: NameServer) -> None:
    secret = scene.directory / "powerdns-key"
    secret.write_text(server.key)
    secret.chmod(0o600)
    scene.carla.git("fetch", "--quiet", "origin")
    scene.carla.git("checkout", "--quiet", "-B", "main", "origin/main")
    config = scene.laptop / CONFIG
    (config.parent / "zones").mkdir(parents=True)
    (config.parent / "zones" / ".gitkeep").touch()
    config.write_text(OCTODNS.format(port=server.api_port))
    file = scene.laptop / FILE
    text = file.read_text().replace("environments:\n", f"{DECLARED}environments:\n", 1)
    file.write_text(text.replace("contexts:\n", f"contexts:\n{SECRET.format(file=secret)}", 1))
