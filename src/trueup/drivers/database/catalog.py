"""A snapshot of PostgreSQL's catalog: one value for each object, made so that a person who reads a drift sees what
changed, and equal exactly where the structure is."""

from collections.abc import Collection, Mapping
from typing import Any

import psycopg

from trueup.model.plan import Address, Resource
from trueup.model.values import Digest, digest


def snapshot(
    connection: psycopg.Connection[Any], schemas: Collection[str] = (), skip: Collection[str] = ()
) -> Mapping[Address, Resource]:
    """Every object of these schemas (none given: all but the system's), and of the database as a whole.

    `skip` holds names as SQL writes them, each with all that belongs to it: `public.flyway_schema_history`, a schema,
    an event trigger. Raises psycopg.Error, like everything that has a connection in its hands.
    """
    return {}


def hashes(resources: Mapping[Address, Resource]) -> dict[Address, Digest]:
    """One for each object."""
    return {address: digest(resource.values) for address, resource in resources.items()}


def fingerprint(resources: Mapping[Address, Resource]) -> Digest:
    """One for all of them together."""
    return digest(hashes(resources))
