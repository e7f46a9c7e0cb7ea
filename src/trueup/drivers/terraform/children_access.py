"""Children that give access: policies attached to or inlined in roles, users and groups; policies of buckets. Pure."""

import json
from collections.abc import Iterator, Mapping

from trueup.drivers.terraform.children import Call, Live, Parent, Watch
from trueup.model.values import JSON


def _attached(who: str) -> Watch:
    """Managed policies attached to a role, user or group."""
    kind = f"aws_iam_{who}_policy_attachment"

    def read(parent: Parent, record: JSON) -> Iterator[Live]:
        arn = record["PolicyArn"]
        yield Live(f"{kind}:{parent.name} {arn}", arn, {who: parent.name, "policy_arn": arn})

    def own(values: Mapping[str, JSON]) -> Iterator[str]:
        yield f"{kind}:{values.get(who)} {values.get('policy_arn')}"

    def of_many(values: Mapping[str, JSON]) -> Iterator[str]:
        """aws_iam_policy_attachment: one policy, everybody who has it."""
        for name in values.get(f"{who}s") or ():
            yield f"{kind}:{name} {values.get('policy_arn')}"

    inlines = frozenset({"managed_policy_arns"}) if who == "role" else frozenset[str]()
    return Watch(
        parent=f"aws_iam_{who}",
        kind=kind,
        call=Call("iam", f"list_attached_{who}_policies", "AttachedPolicies", by=f"{who.capitalize()}Name"),
        reference="name",
        attribute=who,
        read=read,
        import_id=lambda values: f"{values[who]}/{values['policy_arn']}",
        label=lambda values: str(values["policy_arn"]).rpartition("/")[2],
        managing={kind: own, "aws_iam_policy_attachment": of_many},
        inline=lambda values: "managed_policy_arns" if who == "role" else "",
        inlines=inlines,
    )


def _inlined(who: str) -> Watch:
    """Policies written into a role, user or group."""
    kind = f"aws_iam_{who}_policy"

    def read(parent: Parent, record: JSON) -> Iterator[Live]:
        name = record if isinstance(record, str) else record["PolicyName"]
        values = {who: parent.name, "name": name}
        if not isinstance(record, str):
            values["policy"] = _text(record["PolicyDocument"])
        yield Live(f"{kind}:{parent.name} {name}", name, values)

    def own(values: Mapping[str, JSON]) -> Iterator[str]:
        yield f"{kind}:{values.get(who)} {values.get('name')}"

    return Watch(
        parent=f"aws_iam_{who}",
        kind=kind,
        call=Call(
            "iam",
            f"list_{who}_policies",
            "PolicyNames",
            by=f"{who.capitalize()}Name",
            detail=f"get_{who}_policy",
            detail_by="PolicyName",
        ),
        reference="name",
        attribute=who,
        read=read,
        import_id=lambda values: f"{values[who]}:{values['name']}",
        label=lambda values: str(values["name"]),
        managing={kind: own},
        inline=lambda values: "inline_policy" if who == "role" else "",
        inlines=frozenset({"inline_policy"}) if who == "role" else frozenset[str](),
    )


def _text(document: JSON) -> str:
    """botocore reads IAM's documents; buckets give theirs as text."""
    return document if isinstance(document, str) else json.dumps(document)


def _bucket_policy(parent: Parent, record: JSON) -> Iterator[Live]:
    yield Live(f"aws_s3_bucket_policy:{parent.name}", "policy", {"bucket": parent.name, "policy": str(record)})


def _of_bucket_policy(values: Mapping[str, JSON]) -> Iterator[str]:
    yield f"aws_s3_bucket_policy:{values.get('bucket')}"


ATTACHED: tuple[Watch, ...] = tuple(map(_attached, ("role", "user", "group")))
INLINED: tuple[Watch, ...] = tuple(map(_inlined, ("role", "user", "group")))
BUCKET_POLICIES = Watch(
    parent="aws_s3_bucket",
    kind="aws_s3_bucket_policy",
    call=Call("s3", "get_bucket_policy", "Policy", by="Bucket", absent=("NoSuchBucketPolicy",)),
    reference="id",
    attribute="bucket",
    read=_bucket_policy,
    import_id=lambda values: str(values["bucket"]),
    label=lambda values: "",
    managing={"aws_s3_bucket_policy": _of_bucket_policy},
    inline=lambda values: "policy",
    inlines=frozenset({"policy"}),
)
