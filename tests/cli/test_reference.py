"""docs/commands.md: what is documented is what there is."""

from pathlib import Path

from tests.cli.reference import reference


def test_the_page_of_commands_is_what_the_commands_say() -> None:
    """Made anew after every change: `python -m tests.cli.reference > docs/commands.md`."""
    page = Path(__file__).parents[2] / "docs" / "commands.md"
    assert page.read_text(encoding="utf-8") == reference()
