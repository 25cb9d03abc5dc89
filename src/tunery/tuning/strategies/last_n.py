"""``last-n``: the last layers and the head learn. Most of full tuning's quality for a share of its time."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Annotated, ClassVar

from pydantic import Field
from typing_extensions import override

from tunery.i18n import N_, _
from tunery.tuning.space import Searched
from tunery.tuning.strategies.base import Gradient, Strategy

if TYPE_CHECKING:
    from torch.nn import Parameter

    from tunery.models.network import Network
    from tunery.tuning.run import Run


class LastN(Gradient):
    """The last layers and the head learn."""

    name: ClassVar[str] = "last-n"
    learning_rate: ClassVar[float] = 1e-4
    epochs: ClassVar[float] = 4

    layers: Annotated[int, Searched(1, 6)] = Field(
        default=2, ge=1, description=N_("How many of the last layers learn.")
    )  # fmt: skip

    @classmethod
    @override
    def offers(cls, run: Run) -> Iterable[tuple[Strategy, str]]:
        for layers in range(1, len(run.network.known_layers())):
            yield cls(layers=layers), _("the most of the base model that the budget allows to learn")

    @override
    def learns(self, network: Network) -> Iterable[Parameter]:
        for layer in network.layers[-self.layers :]:
            yield from layer.parameters()
        yield from network.head_parameters()
