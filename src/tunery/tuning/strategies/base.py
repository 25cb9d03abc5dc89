"""What every strategy is: its settings, its defaults, and how it tunes."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, ClassVar

from pydantic import BaseModel, ConfigDict
from typing_extensions import override

from tunery.i18n import _

if TYPE_CHECKING:
    from collections.abc import Iterable

    from torch.nn import Parameter

    from tunery.models.network import Network
    from tunery.tuning.planning import Stage
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

    @abstractmethod
    def expected_seconds(self, run: Run) -> float:
        """Return how long `fit` will take on this machine, where no budget ends it sooner."""

    @classmethod
    def offers(cls, run: Run) -> Iterable[tuple[Strategy, str]]:
        """Return what `auto` may try of this strategy with the data of ``run``, and why; by default nothing."""
        del run
        return ()

    def stages(self, run: Run) -> Iterable[Stage]:
        """Return what `fit` will do, for the plan that is shown before."""
        from tunery.tuning.planning import Stage

        expected, left = self.expected_seconds(run), run.seconds_left
        return [Stage(self, expected if left is None else min(expected, left), _("as asked for"))]


class Gradient(Strategy):
    """A strategy that learns by gradient descent: it only has to say what learns."""

    @abstractmethod
    def learns(self, network: Network) -> Iterable[Parameter]:
        """Return the parameters that learn; everything else stays as it is."""

    @override
    def expected_seconds(self, run: Run) -> float:
        from tunery.tuning.schedule import batches, wanted_steps

        sampler = batches(run)
        steps = run.recipe.max_steps or wanted_steps(run, self, len(sampler))
        return self._once_seconds(run) + steps / len(sampler) * self.epoch_seconds(run)

    def weights(self, network: Network) -> int:
        """Return how many weights learn."""
        return sum({id(parameter): parameter.numel() for parameter in self.learns(network)}.values())

    def epoch_seconds(self, run: Run) -> float:
        """Return how long an epoch takes on this machine once the outputs of frozen layers are kept."""
        from tunery.tuning.schedule import batches, optimizer_seconds

        share = self._share(run)
        tokens, dev_tokens = float(run.train.lengths.sum()), float(run.dev.lengths.sum())
        measuring = dev_tokens / run.speed.forward * share / run.recipe.measure_every
        updates = len(batches(run)) * optimizer_seconds(run.network, self.weights(run.network))
        return tokens / run.speed.learning * share + updates + measuring

    def _once_seconds(self, run: Run) -> float:
        """Return the time before the first epoch: the probe, and one pass through what is frozen."""
        frozen = 1.0 - self._share(run)
        return float(run.train.lengths.sum()) / run.speed.forward * max(frozen, 0.3)

    def _share(self, run: Run) -> float:
        """Return the share of the layers that has to be run again in every epoch."""
        learning = {id(parameter) for parameter in self.learns(run.network)}
        layers = run.network.known_layers()
        if any(id(p) in learning for module in run.network.below(0) for p in module.parameters()):
            return 1.0
        depths = (n for n, layer in enumerate(layers) if any(id(p) in learning for p in layer.parameters()))
        return 1.0 - next(depths, len(layers)) / max(1, len(layers))

    @override
    def fit(self, run: Run) -> None:
        from tunery.tuning.training import train

        for parameter in run.network.model.parameters():
            parameter.requires_grad = False
        for parameter in self.learns(run.network):
            parameter.requires_grad = True
        train(run)
