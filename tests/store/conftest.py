"""What the store's tests share."""

from pathlib import Path

import pytest

from trueup.adapters.store.checkpoints import Signer, load_signer


@pytest.fixture
def signer(tmp_path: Path) -> Signer:
    return load_signer(tmp_path / "keys" / "ledger.pem", "test")
