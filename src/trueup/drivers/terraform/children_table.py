"""The table of what is watched beside the plan. One more kind of children is one more line here."""

from collections.abc import Mapping

from trueup.drivers.terraform.children import Watch
from trueup.drivers.terraform.children_access import ATTACHED, BUCKET_POLICIES, INLINED
from trueup.drivers.terraform.children_names import RECORDS
from trueup.drivers.terraform.children_network import ROUTES, RULES

TABLE: tuple[Watch, ...] = (RULES, ROUTES, *ATTACHED, *INLINED, BUCKET_POLICIES, RECORDS)

BY_KIND: Mapping[str, Watch] = {watch.kind: watch for watch in TABLE}
"""By the kind of the child."""
PARENTS: frozenset[str] = frozenset(watch.parent for watch in TABLE)
MANAGING: frozenset[str] = frozenset(kind for watch in TABLE for kind in watch.managing)
"""Kinds of resources that manage a child of some kind."""
