"""``lora``: small adapters beside every linear layer learn, and the head. Little to keep, and gentle on the base."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from pydantic import Field
from typing_extensions import override

from tunery.i18n import N_
from tunery.tuning.space import Searched
from tunery.tuning.strategies.base import Gradient

if TYPE_CHECKING:
    from torch.nn import Parameter

    from tunery.models.network import Network
    from tunery.tuning.run import Run


class Lora(Gradient):
    """Low-rank adapters (Hu et al. 2022) and the head learn; in the end the adapters are merged into the weights."""

    name: ClassVar[str] = "lora"
    learning_rate: ClassVar[float] = 5e-4
    epochs: ClassVar[float] = 4

    rank: Annotated[int, Searched(4, 32, log=True)] = Field(
        default=8, ge=1, description=N_("Inner size of the adapters.")
    )  # fmt: skip
    alpha: int = Field(default=16, ge=1, description=N_("How much the adapters count: alpha / rank times."))
    adapter_dropout: Annotated[float, Searched(0.0, 0.2)] = Field(
        default=0.05, ge=0, lt=1, description=N_("Share of the adapters' inputs dropped in training.")
    )
    adapter: Literal["merge", "keep"] = Field(
        default="merge",
        description=N_("Whether the adapters are only merged into the weights, or kept in adapter/ as well."),
    )

    @override
    def learns(self, network: Network) -> Iterable[Parameter]:
        yield from (parameter for name, parameter in network.model.named_parameters() if "lora_" in name)
        yield from network.head_parameters()

    @override
    def fit(self, run: Run) -> None:
        from tunery.tuning import adapter
        from tunery.tuning.run import ADAPTER

        adapter.insert(run.network, rank=self.rank, alpha=self.alpha, dropout=self.adapter_dropout)
        super().fit(run)
        if self.adapter == "keep":
            adapter.write(run.network, run.base.uri, run.work / ADAPTER)
        adapter.merge(run.network)

    @override
    def _share(self, run: Run) -> float:
        return 1.0  # The adapters of the first layer learn, too.
