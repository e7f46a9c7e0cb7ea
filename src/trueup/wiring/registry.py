"""Formats: the installed drivers, and the keys of trueup.yaml that they answer for."""

from collections.abc import Mapping
from functools import cache
from importlib.metadata import entry_points
from typing import Any

from trueup.manifests.formats import FormatEntry, Formats
from trueup.ports.driver import Driver

DRIVERS = "trueup.drivers"
"""The entry-point group; a third party's driver is registered the same way as ours."""


@cache
def drivers() -> Mapping[str, Driver[Any]]:
    """Every installed driver, by its name; without those whose libraries are an extra that is not installed."""
    found: dict[str, Driver[Any]] = {}
    for point in entry_points(group=DRIVERS):
        try:
            driver = point.load()()
        except ModuleNotFoundError as error:
            if (error.name or "").split(".")[0] == "trueup":
                raise
            continue
        found[driver.name] = driver
    return found


def formats() -> Formats:
    """Every key of trueup.yaml that an installed driver answers for."""
    return {
        key: FormatEntry(driver.name, spec, files=driver.files, respond=driver.respond)
        for driver in drivers().values()
        for key, spec in driver.specs.items()
    }
