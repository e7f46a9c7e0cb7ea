"""References: `file:`, `env:`, `awssm:` and `awsssm:` to the secrets they stand for. Nothing is logged or kept."""

import json
from collections.abc import Callable, Mapping
from importlib import import_module
from pathlib import Path
from typing import cast

from trueup.model.errors import Invalid, Unavailable
from trueup.settings import ENV_SECRETS

_LARGEST = 1 << 20
_AWS = {"awssm": "from_secrets_manager", "awsssm": "from_parameter_store"}


class References:
    """Implements `ports.credentials.Secrets`."""

    def __init__(
        self,
        environment: Mapping[str, str],
        allowed_names: frozenset[str] = frozenset(),
        directories: tuple[Path, ...] = (),
    ) -> None:
        """`environment` is that of Trueup's own process, whose identity AWS sees. `env:NAME` reads only
        `allowed_names` of it: a manifest must not fetch our own keys.
        `file:` reads below `directories`, or anywhere when there are none."""
        self._environment = environment
        self._allowed = allowed_names
        self._directories = tuple(directory.resolve() for directory in directories)

    def resolve(self, reference: str) -> str:
        """The secret. Raises Invalid (it leads nowhere, or may not be read), Rejected and Unavailable (AWS)."""
        scheme, separator, rest = reference.partition(":")
        if not separator or not rest:
            raise Invalid("a secret is written as a reference", hint="file:/run/secrets/NAME, env:NAME, awssm:NAME#KEY")
        match scheme:
            case "file":
                return self._file(rest)
            case "env":
                return self._variable(rest)
            case "awssm" | "awsssm":
                name, _, key = rest.partition("#")
                return _part(_from_aws(scheme, name, self._region), key, reference)
            case _:
                raise Invalid(f"`{scheme}:` is no kind of reference", hint="use file:, env:, awssm: or awsssm:")

    @property
    def _region(self) -> str | None:
        """boto3 itself reads only the second name; everything else of AWS prefers the first."""
        return self._environment.get("AWS_REGION") or self._environment.get("AWS_DEFAULT_REGION")

    def _file(self, name: str) -> str:
        path = Path(name)
        if not path.is_absolute():
            raise Invalid(f"`file:{name}` is not an absolute path", hint="write file:/run/secrets/NAME")
        real = path.resolve()
        if self._directories and not any(real.is_relative_to(directory) for directory in self._directories):
            shown = ", ".join(str(directory) for directory in self._directories)
            raise Invalid(f"`file:{name}` is outside the directories that hold secrets", hint=f"put it below {shown}")
        try:
            content = real.read_bytes()
        except FileNotFoundError:
            raise Invalid(
                f"there is no file `{name}`", hint="write the secret there, readable for Trueup only"
            ) from None
        except (PermissionError, IsADirectoryError) as error:
            raise Invalid(f"`{name}` cannot be read: {error.strerror}", hint="check its owner and mode") from None
        except OSError as error:
            raise Unavailable(f"`{name}` cannot be read now: {error.strerror}") from None
        if len(content) > _LARGEST:
            raise Invalid(f"`{name}` is larger than a secret may be (1 MiB)")
        try:
            return content.decode().removesuffix("\n").removesuffix("\r")
        except UnicodeDecodeError:
            raise Invalid(f"`{name}` is not a text in UTF-8") from None

    def _variable(self, name: str) -> str:
        if name not in self._allowed:
            hint = f"name it in {ENV_SECRETS} where Trueup is started, or use `file:`"
            raise Invalid(f"`env:{name}` may not be read here", hint=hint)
        if name not in self._environment:
            raise Invalid(f"`env:{name}` is not set for Trueup's process", hint="set it where Trueup is started")
        return self._environment[name]


def _from_aws(scheme: str, name: str, region: str | None) -> str:
    """Loaded when first asked for: boto3 is optional, and slow to import."""
    try:
        aws = import_module("trueup.adapters.secrets.aws")
    except ModuleNotFoundError as error:
        if (error.name or "").split(".")[0] not in ("boto3", "botocore"):
            raise
        raise Invalid(f"`{scheme}:` needs boto3", hint="pip install 'trueup[aws]'") from None
    fetch = cast(Callable[[str, str | None], str], getattr(aws, _AWS[scheme]))
    return fetch(name, region)


def _part(text: str, key: str, reference: str) -> str:
    """The whole secret, or one key of the JSON object in it."""
    if not key:
        return text
    try:
        document = json.loads(text)
    except ValueError:
        document = None
    if not isinstance(document, dict) or key not in document:
        raise Invalid(f"the secret of `{reference}` has no key `{key}`", hint="it must be a JSON object with that key")
    value = document[key]
    return value if isinstance(value, str) else json.dumps(value)
