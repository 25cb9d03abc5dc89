"""``head``: only what stands on top of the base model learns, by gradient descent."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, ClassVar

from typing_extensions import override

from tunery.i18n import _
from tunery.tuning.strategies.base import Gradient, Strategy

if TYPE_CHECKING:
    from torch.nn import Parameter

    from tunery.models.network import Network
    from tunery.tuning.run import Run


class Head(Gradient):
    """Only the head learns."""

    name: ClassVar[str] = "head"
    learning_rate: ClassVar[float] = 5e-4
    epochs: ClassVar[float] = 6

    @classmethod
    @override
    def offers(cls, run: Run) -> Iterable[tuple[Strategy, str]]:
        yield cls(), _("the most of the base model that the budget allows to learn")

    @override
    def learns(self, network: Network) -> Iterable[Parameter]:
        return network.head_parameters()
