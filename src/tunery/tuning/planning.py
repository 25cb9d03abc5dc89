"""What a run will do, how long it will take on this machine, and how much memory: said before it begins."""

from __future__ import annotations

import resource
import sys
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

import torch
from rich.console import Group
from rich.table import Table
from rich.text import Text

from tunery.i18n import _
from tunery.screen import Readable, duration
from tunery.tuning.speed import Speed

if TYPE_CHECKING:
    from rich.console import RenderableType

    from tunery.tuning.run import Run
    from tunery.tuning.strategies.base import Strategy

_ADAM_COPIES = 4
"""How often a weight that learns is held: itself, its gradient and AdamW's two averages."""


@dataclass(frozen=True)
class Stage:
    """One strategy of a plan.

    Attributes:
        strategy: The strategy, with its settings.
        seconds: How long it is expected to take here, measurements on dev included.
        why: Why it is in the plan, in the reader's language.
    """

    strategy: Strategy
    seconds: float
    why: str


@dataclass(frozen=True)
class RunPlan(Readable):
    """What a run will do.

    Attributes:
        stages: The strategies in their order; the best model on dev is kept.
        rows: How many examples there are to learn from.
        tokens: How many tokens those have.
        labels: How many labels there are.
        speed: How fast this machine is with this base model.
        memory: Bytes that the process is expected to need.
        budget: Seconds there are, where a limit is set.
    """

    stages: tuple[Stage, ...]
    rows: int
    tokens: int
    labels: int
    speed: Speed
    memory: int
    budget: float | None

    @property
    def seconds(self) -> float:
        """How long all stages together are expected to take."""
        return sum(stage.seconds for stage in self.stages)

    def to_dict(self) -> dict[str, object]:
        """Return plain values for JSON."""
        stages = [
            {
                "strategy": one.strategy.name,
                **one.strategy.model_dump(),
                "seconds": round(one.seconds, 1),
                "why": one.why,
            }
            for one in self.stages
        ]
        rest = {name: getattr(self, name) for name in ("rows", "tokens", "labels", "memory", "budget")}
        return {"stages": stages, "seconds": round(self.seconds, 1), **rest, "speed": asdict(self.speed)}

    def __rich__(self) -> RenderableType:
        table = Table(title=_("The plan"), title_justify="left", title_style="bold", box=None, pad_edge=False)
        table.add_column(_("strategy"))
        table.add_column(_("expected time"), justify="right")
        table.add_column(_("why"))
        for stage in self.stages:
            table.add_row(_named(stage.strategy), duration(stage.seconds), stage.why)
        return Group(table, Text(self._summary()))

    def _summary(self) -> str:
        limit = _("no limit") if self.budget is None else duration(self.budget)
        forward, learning = f"{self.speed.forward:,.0f}", f"{self.speed.learning:,.0f}"
        return _(
            "{rows} examples, {tokens} tokens, {labels} labels. Together about {time} (budget: {limit}), "
            "{memory} of memory. Measured here: {forward} tokens a second read, {learning} learned from."
        ).format(
            rows=f"{self.rows:,}", tokens=f"{self.tokens:,}", labels=self.labels, time=duration(self.seconds),
            limit=limit, memory=_size(self.memory), forward=forward, learning=learning,
        )  # fmt: skip


def make_run_plan(run: Run) -> RunPlan:
    """Measure this machine's speed on some of the data, and return what ``run`` will do."""
    speed = run.speed
    return RunPlan(
        stages=tuple(run.recipe.strategy.stages(run)),
        rows=round(float(run.train.weights.sum())),
        tokens=int(run.train.lengths.sum()),
        labels=len(run.labels),
        speed=speed,
        memory=_memory(run),
        budget=run.recipe.budget,
    )


def _named(strategy: Strategy) -> str:
    settings = ", ".join(f"{name} {value}" for name, value in strategy.model_dump(exclude_none=True).items())
    return f"{strategy.name} ({settings})" if settings else strategy.name


def _memory(run: Run) -> int:
    """Return the most memory that was used while speed was measured, and what learning adds to it."""
    weights = sum(parameter.numel() for parameter in run.network.model.parameters()) * 4
    if run.network.device.type == "cuda":
        return int(torch.cuda.max_memory_allocated()) + (_ADAM_COPIES - 2) * weights
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak * (1 if sys.platform == "darwin" else 1024) + (_ADAM_COPIES - 2) * weights


def _size(count: int) -> str:
    return f"{count / 1e9:.1f} GB"
