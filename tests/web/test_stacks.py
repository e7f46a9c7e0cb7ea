"""/stacks over a real site: listing, names, plans by real Terraform, adoption, decisions."""

import httpx

PROD = "infra//environments/prod/app"


def test_stacks_are_listed_with_their_rules_and_checks(owner: httpx.Client) -> None:
    """Mode, environment rules, check and drift count of each; filters take away."""
    stacks = owner.get("/api/v1/stacks").json()
    assert [stack["name"] for stack in stacks] == [
        "infra//environments/dev/app",
        PROD,
        "infra//environments/prod/networking",
    ]
    prod = stacks[1]
    assert prod["mode"] == "deliver"
    assert prod["rules"]["approve"]["count"] == 2
    assert prod["check"]["state"] == "due"
    assert (prod["open_drifts"], prod["active_run"]) == (0, None)
