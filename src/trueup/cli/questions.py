"""Questions: asking a person, and only a person."""

import sys

import typer

from trueup.model.errors import Invalid, Refused


def confirm(question: str, yes: bool) -> None:
    """Goes on when `yes` or when the person agrees. Raises Refused when they do not, Invalid when nobody is there."""
    if not agrees(question, yes):
        raise Refused("nothing was done")


def agrees(question: str, yes: bool) -> bool:
    if yes:
        return True
    if not sys.stdin.isatty():
        raise Invalid(f"this asks: {question}", hint="nobody is there to answer; --yes does it without asking")
    return typer.confirm(question, err=True)
