"""``full``: the whole base model learns. The best quality where there are enough labels and time."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, ClassVar

from typing_extensions import override

from tunery.tuning.strategies.base import Gradient

if TYPE_CHECKING:
    from torch.nn import Parameter

    from tunery.models.network import Network


class Full(Gradient):
    """The whole base model learns."""

    name: ClassVar[str] = "full"
    learning_rate: ClassVar[float] = 5e-5
    epochs: ClassVar[float] = 4

    @override
    def learns(self, network: Network) -> Iterable[Parameter]:
        return network.model.parameters()
