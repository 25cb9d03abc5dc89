"""``head``: only what stands on top of the base model learns, by gradient descent."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, ClassVar

from typing_extensions import override

from tunery.tuning.strategies.base import Gradient

if TYPE_CHECKING:
    from torch.nn import Parameter

    from tunery.models.network import Network


class Head(Gradient):
    """Only the head learns."""

    name: ClassVar[str] = "head"
    learning_rate: ClassVar[float] = 5e-4
    epochs: ClassVar[float] = 6

    @override
    def learns(self, network: Network) -> Iterable[Parameter]:
        return network.head_parameters()
