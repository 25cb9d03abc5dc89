"""What every strategy is: its settings, its defaults, and how it tunes."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, ClassVar

from pydantic import BaseModel, ConfigDict
from typing_extensions import override

if TYPE_CHECKING:
    from collections.abc import Iterable

    from torch.nn import Parameter

    from tunery.models.network import Network
    from tunery.tuning.run import Run


class Strategy(BaseModel, ABC):
    """How much of the base model learns, and how. Its fields are its settings."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: ClassVar[str]
    learning_rate: ClassVar[float]
    """The learning rate where the recipe has none, for a base model 768 wide; it falls with the width."""
    epochs: ClassVar[float]
    """The number of epochs where the recipe has none."""

    @abstractmethod
    def fit(self, run: Run) -> None:
        """Tune ``run.network`` in place."""


class Gradient(Strategy):
    """A strategy that learns by gradient descent: it only has to say what learns."""

    @abstractmethod
    def learns(self, network: Network) -> Iterable[Parameter]:
        """Return the parameters that learn; everything else stays as it is."""

    @override
    def fit(self, run: Run) -> None:
        from tunery.tuning.training import train

        for parameter in run.network.model.parameters():
            parameter.requires_grad = False
        for parameter in self.learns(run.network):
            parameter.requires_grad = True
        train(run)
