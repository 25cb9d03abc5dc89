"""``last-n``: the last layers and the head learn. Most of full tuning's quality for a share of its time."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Annotated, ClassVar

from pydantic import Field
from typing_extensions import override

from tunery.i18n import N_
from tunery.tuning.space import Searched
from tunery.tuning.strategies.base import Gradient

if TYPE_CHECKING:
    from torch.nn import Parameter

    from tunery.models.network import Network


class LastN(Gradient):
    """The last layers and the head learn."""

    name: ClassVar[str] = "last-n"
    learning_rate: ClassVar[float] = 1e-4
    epochs: ClassVar[float] = 4

    layers: Annotated[int, Searched(1, 6)] = Field(
        default=2, ge=1, description=N_("How many of the last layers learn.")
    )  # fmt: skip

    @override
    def learns(self, network: Network) -> Iterable[Parameter]:
        for layer in network.layers[-self.layers :]:
            yield from layer.parameters()
        yield from network.head_parameters()
