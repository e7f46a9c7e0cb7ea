"""The database: a service's Flyway project on the same walk, and an index that somebody adds at night."""

import shutil
from functools import partial

from trueup.demo import company
from trueup.demo.opening import merge
from trueup.demo.postgres import OPERATOR, OWNER, READER, Postgres
from trueup.demo.scene import Scene
from trueup.manifests.layouts import FILE
from trueup.model.drift import DriftState, Resolution
from trueup.model.run import RunState

SERVICE = "services/orders"
DEV, PROD = f"{SERVICE}@dev", f"{SERVICE}@prod"
INDEX = "purchase_customer_idx"
DECLARED = """\
  - flyway: "services/{{name}}"
    envs: [dev, prod]
    url: "postgresql://{owner}:${{ORDERS_PASSWORD}}@127.0.0.1:{port}/orders_{{env}}"
    planUrl: "postgresql://{reader}:${{ORDERS_PASSWORD}}@127.0.0.1:{port}/orders_{{env}}"
"""
SECRET = """\
  - match: {{name: orders}}
    secrets: {{ORDERS_PASSWORD: "file:{file}"}}
"""


def orders(scene: Scene) -> None:
    """A database on the same walk, and its night."""
    server = _started(scene)
    _delivered(scene, server)
    _at_night(scene, server)


def _delivered(scene: Scene, server: Postgres) -> None:
    """A service keeps its migrations as Flyway wants them. They take the way that Terraform takes."""
    tell, facts = scene.telling, scene.facts
    tell.say("Checkout's orders are in PostgreSQL; the service keeps Flyway migrations beside its code.")
    scene.carla.git("pull", "--quiet", "origin", "main")
    shutil.copytree(company.SOURCE / SERVICE, scene.laptop / SERVICE)
    _declare(scene, server)
    scene.carla.pushes("Orders: its migrations, and where its databases are")
    for stack in (DEV, PROD):
        facts.until(f"{stack} is known", partial(facts.standing, stack), lambda now: now == "unadopted")
    reason = ("--reason", "two empty databases")
    scene.carla.types_side_by_side(*(("adopt", stack, *reason) for stack in (DEV, PROD)), lines=(2, 0))
    for stack in (DEV, PROD):
        scene.carla.types("stack", "deliver", stack, "--reason", "the first migrations", lines=(3, 0))
    with tell.waiting("the migrations, tried on a scratch database first"):
        facts.run_reaching(facts.runs(DEV)[0]["id"], RunState.FINISHED)
        prod = facts.run_reaching(facts.runs(PROD)[0]["id"], RunState.AWAITING_APPROVAL)
    tell.holds("prod waits for a person, dev did not", server.asks("orders_prod", _TABLES) == [(0,)], prod)
    scene.carla.types("run", "approve", prod["id"], lines=(4, 0))
    with tell.waiting("the delivery"):
        facts.run_reaching(prod["id"], RunState.FINISHED)
    scene.carla.types("db", "status", PROD)
    rows = server.asks("orders_prod", _HISTORY)
    wanted = [("1", "SQL", True), ("2", "SQL", True), (None, "SQL", True)]
    tell.holds("the history is Flyway's own, row by row", rows == wanted, rows)
    script = scene.carla.types("db", "watch", "sql", PROD, lines=(3, 1))
    tell.say("Only a superuser may install that; the company's database administrator runs it.")
    server.does(OPERATOR, "orders_prod", script)
    scene.carla.types("db", "watch", "status", PROD)


_HISTORY = "SELECT version, type, success FROM flyway_schema_history ORDER BY installed_rank"
_TABLES = "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"


def _at_night(scene: Scene, server: Postgres) -> None:
    """The report of the month's end is slow; an index by hand saves the night."""
    tell, facts = scene.telling, scene.facts
    statement = f"CREATE INDEX CONCURRENTLY {INDEX} ON purchase (customer_id)"
    tell.say(f"Orders are slow at night. Mira types, in prod: {statement}")
    server.does("mira", "orders_prod", statement)
    with tell.waiting("the event trigger's log, and a check"):
        facts.until("prod has drifted", lambda: facts.drifts(PROD), bool)
    drift = facts.drift(PROD)
    scene.carla.types("drift", "show", drift["id"], lines=(16, 0))
    origin = drift["origin"] or {}
    tell.holds("it is the index, and it was Mira", (INDEX in drift["address"], origin.get("actor")) == (True, "mira"))
    scene.mira.types("drift", "codify", drift["id"], "--reason", "the report needs it every night", lines=(6, 0))
    found = facts.get("drifts", drift["id"])
    tell.holds("it became the next migration, proven on a scratch database", found["state"] == DriftState.CODIFYING)
    commit = merge(scene, found["request"])
    scene.carla.git("pull", "--quiet", "origin", "main")
    written = sorted((scene.laptop / SERVICE / "db/migration").glob("V3*"))
    for line in written[0].read_text().splitlines() if written else ():
        tell.say(f"    {line}")
    before = _index(server, "orders_prod")
    with tell.waiting("the next deliveries"):
        facts.run_reaching(facts.started(DEV, commit), RunState.FINISHED)
        run = facts.run_reaching(facts.started(PROD, commit), RunState.AWAITING_APPROVAL)
    scene.carla.types("run", "show", run["id"], "--why", lines=(0, 8))
    scene.carla.types("run", "approve", run["id"], lines=(4, 0))
    with tell.waiting("the delivery"):
        facts.run_reaching(run["id"], RunState.FINISHED)
    tell.holds(
        "in prod it is marked as applied, and the index is the very same", _index(server, "orders_prod") == before
    )
    tell.holds("in dev the migration made it", len(_index(server, "orders_dev")) == 1)
    resolved = facts.get("drifts", drift["id"])
    tell.holds("the drift is resolved: codified", resolved["resolution"] == Resolution.CODIFIED, resolved)
    tell.holds("the file is one that Flyway takes", [path.name[:4] for path in written] == ["V3__"], written)


def _index(server: Postgres, database: str) -> list[tuple[object, ...]]:
    return server.asks(database, f"SELECT oid FROM pg_class WHERE relname = '{INDEX}'")


def _started(scene: Scene) -> Postgres:
    server = scene.ending.enter_context(Postgres())
    server.roles(OWNER, READER, "mira")
    for environment in company.ENVIRONMENTS:
        server.create(f"orders_{environment}", "mira")
    return server


def _declare(scene: Scene, server: Postgres) -> None:
    """In trueup.yaml: where the databases are, and the password by reference."""
    secret = scene.directory / "orders-password"
    secret.write_text(server.password)
    secret.chmod(0o600)
    file = scene.laptop / FILE
    text = file.read_text()
    entry = DECLARED.format(owner=OWNER, reader=READER, port=server.port)
    text = text.replace("environments:\n", f"{entry}environments:\n", 1)
    text = text.replace("contexts:\n", f"contexts:\n{SECRET.format(file=secret)}", 1)
    file.write_text(
        text.replace("mira: {email: [mira@acme.example], ", "mira: {email: [mira@acme.example], database: [mira], ")
    )
