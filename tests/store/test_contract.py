"""The store's contract on both databases."""

from pathlib import Path

import pytest

from tests.store.contract import StoreContract
from tests.store.signals_contract import SignalsContract


class TestSqlite(StoreContract, SignalsContract):
    @pytest.fixture
    def url(self, tmp_path: Path) -> str:
        return f"sqlite:///{tmp_path}/data/trueup.db"


class TestPostgres(StoreContract, SignalsContract):
    @pytest.fixture
    def url(self, postgres: str) -> str:
        return postgres
