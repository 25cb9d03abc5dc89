"""``full``: the whole base model learns. The best quality where there are enough labels and time."""

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


class Full(Gradient):
    """The whole base model learns."""

    name: ClassVar[str] = "full"
    learning_rate: ClassVar[float] = 5e-5
    epochs: ClassVar[float] = 4

    @classmethod
    @override
    def offers(cls, run: Run) -> Iterable[tuple[Strategy, str]]:
        yield cls(), _("the whole base model learns: best where labels and time allow it")

    @override
    def learns(self, network: Network) -> Iterable[Parameter]:
        return network.model.parameters()
