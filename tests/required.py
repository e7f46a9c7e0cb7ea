"""With TRUEUP_REQUIRE_SERVERS=1 a skipped test is a failed one: for machines on which everything should be there.

OpenTofu and Flyway are excepted: no archive that the tests may use has them.
"""

import os
from collections.abc import Generator

import pytest

EXCEPTED = ("opentofu", "flyway")
Report = pytest.TestReport | pytest.CollectReport


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, Report, Report]:
    return _required((yield))


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, Report, Report]:
    return _required((yield))


def _required(report: Report) -> Report:
    """The report itself, failed where it says skipped for a reason that counts here. Expected failures stay."""
    if os.environ.get("TRUEUP_REQUIRE_SERVERS") != "1" or not report.skipped or hasattr(report, "wasxfail"):
        return report
    reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
    if not any(name in reason.lower() for name in EXCEPTED):
        report.outcome = "failed"
        report.longrepr = f"skipped although TRUEUP_REQUIRE_SERVERS=1: {reason}"
    return report
