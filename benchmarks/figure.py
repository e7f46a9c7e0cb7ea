"""One measured number and the most that it may be."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Figure:
    """Stated so that lower is better. With a `peer` (what the same costs elsewhere, in the same unit), `aim` is the
    most that value divided by peer may be; without one, the most that the value may be."""

    name: str
    value: float
    unit: str
    aim: float
    peer: float | None = None

    @property
    def ratio(self) -> float | None:
        return self.value / self.peer if self.peer else None

    @property
    def is_met(self) -> bool:
        return (self.value if self.ratio is None else self.ratio) <= self.aim

    def document(self) -> dict[str, str | float | None]:
        """As in build/bench.json."""
        return {
            "name": self.name,
            "value": self.value,
            "unit": self.unit,
            "peer": self.peer,
            "ratio": self.ratio,
            "aim": self.aim,
        }
