"""AdamW for the rows of a large embedding: the update of a word's vector waits until the word occurs again.

A batch holds a few hundred of a vocabulary's tens of thousands of words, and yet AdamW (Loshchilov & Hutter 2019) moves
every row at every step: by the momentum that it has left, and by weight decay. On a processor this, and a gradient as
large as the matrix that is nothing but zeros elsewhere, takes time that grows with the vocabulary: a fifth of a step
with the 250,000 words of a multilingual base model of width 384. Both follow from the number of steps alone, so they
can be made up for in one go when the row is read the next time, or when the whole matrix is. What comes out is AdamW's
own result, but for rounding and for gradients as small as its epsilon.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn
from typing_extensions import override

_LARGE = 8
"""How many times more rows than a batch has tokens make the detour worth while."""
_LONGEST_WAIT = 512
"""Steps after which all rows are brought up to date: what they wait for is looked through at every step."""


class Rows:
    """An embedding whose rows are learned as they are read.

    While `reading` it gives a batch's rows a leaf of their own, whose gradient is as large as they are; `RowAdamW`
    takes it from there.

    Args:
        embedding: A plain embedding on a processor.
    """

    def __init__(self, embedding: nn.Embedding) -> None:
        self.embedding = embedding
        self.leaves: list[tuple[Tensor, Tensor]] = []
        self._optimizer: RowAdamW | None = None

    @property
    def weight(self) -> nn.Parameter:
        """The whole matrix, some of whose rows may wait."""
        weight: nn.Parameter = self.embedding.weight  # type: ignore[assignment]
        return weight

    @property
    def gradients(self) -> list[Tensor]:
        """The gradients of the rows that were read since the last step."""
        return [leaf.grad for _rows, leaf in self.leaves if leaf.grad is not None]

    def learned_by(self, optimizer: RowAdamW) -> None:
        """Let ``optimizer`` bring rows up to date before they are read."""
        self._optimizer = optimizer

    def forget(self) -> None:
        """Drop the gradients, as ``zero_grad`` does."""
        self.leaves.clear()

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Read by rows within the block, and leave the matrix up to date behind it."""
        self.embedding.forward = self._read  # type: ignore[method-assign, assignment]
        try:
            yield
        finally:
            del self.embedding.forward
            self.catch_up()
            self.forget()

    def _read(self, ids: Tensor) -> Tensor:
        if not (torch.is_grad_enabled() and self.weight.requires_grad):
            self.catch_up()
            return nn.functional.embedding(ids, self.weight)
        rows, places = torch.unique(ids, return_inverse=True)
        self.catch_up(rows)
        leaf = self.weight.detach()[rows].requires_grad_()
        padding = self.embedding.padding_idx
        if padding is not None:
            mask = (rows == padding)[:, None]
            leaf.register_hook(lambda gradient: gradient.masked_fill(mask, 0.0))  # type: ignore[no-untyped-call]
        self.leaves.append((rows, leaf))
        return nn.functional.embedding(places, leaf)

    def catch_up(self, rows: Tensor | None = None) -> None:
        """Bring rows up to date; all of them by default."""
        if self._optimizer is not None:
            self._optimizer.catch_up(rows)

    def take(self) -> tuple[Tensor, Tensor] | None:
        """Return the rows read since the last step and their gradients, and forget them; None where there are none."""
        found = [(rows, leaf.grad) for rows, leaf in self.leaves if leaf.grad is not None]
        self.leaves.clear()
        if len(found) < 2:
            return found[0] if found else None
        rows, places = torch.unique(torch.cat([rows for rows, _gradient in found]), return_inverse=True)
        together = torch.zeros(len(rows), self.weight.shape[1])
        return rows, together.index_add_(0, places, torch.cat([gradient for _rows, gradient in found]))


class RowAdamW(torch.optim.AdamW):
    """Torch's AdamW, with one embedding's rows updated when they are read.

    Args:
        params: Parameters or groups of them; the embedding's matrix is among them.
        rows: The embedding.
        **options: What torch's AdamW takes.
    """

    def __init__(self, params: Any, rows: Rows, **options: Any) -> None:
        super().__init__(params, **options)
        self._rows = rows
        self._group = next(group for group in self.param_groups if any(one is rows.weight for one in group["params"]))
        self._behind: list[tuple[float, float]] = []
        """For each step that some rows wait for: its rate with both bias corrections, and its decay."""
        self._last = torch.zeros(rows.weight.shape[0], dtype=torch.int64)
        """How many of those steps each row has had."""
        rows.learned_by(self)

    @override
    @torch.no_grad()
    def step(self, closure: None = None) -> None:  # type: ignore[override]
        """Update everything but the rows that wait."""
        found = self._rows.take()
        super().step(closure)
        if found is not None:
            self._update(*found)

    @override
    def state_dict(self) -> dict[str, Any]:
        """Return torch's state, in which no row waits."""
        self.catch_up(None)
        return super().state_dict()

    @override
    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take over a state in which no row waits."""
        super().load_state_dict(state_dict)
        self._group = next(
            group for group in self.param_groups if any(one is self._rows.weight for one in group["params"])
        )
        self._behind.clear()
        self._last.zero_()

    @override
    def zero_grad(self, set_to_none: bool = True) -> None:
        super().zero_grad(set_to_none)
        self._rows.forget()

    def _update(self, rows: Tensor, gradient: Tensor) -> None:
        """Make AdamW's step for ``rows``, which are up to date; for the others it is noted."""
        weight, state = self._rows.weight, self._state()
        first, second = self._group["betas"]
        state["step"] += 1
        count = float(state["step"])
        rate, decay = float(self._group["lr"]), float(self._group["weight_decay"])
        root = math.sqrt(1 - second**count)
        size = rate * root / (1 - first**count)
        mean = state["exp_avg"][rows].lerp_(gradient, 1 - first)
        square = state["exp_avg_sq"][rows].mul_(second).addcmul_(gradient, gradient, value=1 - second)
        state["exp_avg"][rows], state["exp_avg_sq"][rows] = mean, square
        moved = weight[rows].mul_(1 - rate * decay)
        weight[rows] = moved.addcdiv_(mean, square.sqrt().add_(self._group["eps"] * root), value=-size)
        self._behind.append((size, 1 - rate * decay))
        self._last[rows] = len(self._behind)
        if len(self._behind) == _LONGEST_WAIT:
            self.catch_up(None)

    @torch.no_grad()
    def catch_up(self, rows: Tensor | None) -> None:
        """Make up for the steps that rows have waited for.

        Args:
            rows: Which rows; None for all of them.
        """
        steps = len(self._behind)
        if not steps:
            return
        waited = self._last if rows is None else self._last[rows]
        late = (waited < steps).nonzero().squeeze(1)
        if len(late):
            chosen = late if rows is None else rows[late]
            self._move(chosen, waited[late])
            self._last[chosen] = steps
        if rows is None:
            self._behind.clear()
            self._last.zero_()

    def _move(self, rows: Tensor, since: Tensor) -> None:
        weight, state = self._rows.weight, self._state()
        first, second = self._group["betas"]
        pulls, decays = (one[since, None] for one in self._waiting())
        gaps = (len(self._behind) - since)[:, None].to(torch.float32)
        mean, square = state["exp_avg"][rows], state["exp_avg_sq"][rows]
        moved = weight[rows].mul_(decays)
        root = (1 - second ** (float(state["step"]) - gaps + 1)).sqrt_()
        weight[rows] = moved.sub_(mean.div(square.sqrt().add_(root * self._group["eps"])).mul_(pulls))
        state["exp_avg"][rows] = mean.mul_(first**gaps)
        state["exp_avg_sq"][rows] = square.mul_(second**gaps)

    def _waiting(self) -> tuple[Tensor, Tensor]:
        """Return for each number of steps a row has had: how far its momentum has taken it since, and its decay."""
        first, second = self._group["betas"]
        ratio = first / math.sqrt(second)
        steps = len(self._behind)
        pulls, decays = [0.0] * (steps + 1), [1.0] * (steps + 1)
        for number in range(steps - 1, -1, -1):
            size, decay = self._behind[number]
            # What a step adds decays in those after it.
            pulls[number] = ratio * (size * decays[number + 1] + pulls[number + 1])
            decays[number] = decay * decays[number + 1]
        return torch.tensor(pulls), torch.tensor(decays)

    def _state(self) -> dict[str, Tensor]:
        state: dict[str, Tensor] = self.state[self._rows.weight]
        if not state:
            state["step"] = torch.tensor(0.0)
            state["exp_avg"] = torch.zeros_like(self._rows.weight)
            state["exp_avg_sq"] = torch.zeros_like(self._rows.weight)
        return state


def rows_of(embedding: nn.Module, learning: Sequence[nn.Parameter], batch_tokens: int) -> Rows | None:
    """Return an embedding's rows, if it learns on a processor and a batch reads only a small part of them."""
    if type(embedding) is not nn.Embedding or embedding.max_norm is not None or embedding.scale_grad_by_freq:
        return None
    weight = embedding.weight
    large = weight.shape[0] >= _LARGE * batch_tokens
    return Rows(embedding) if large and weight.device.type == "cpu" and any(weight is p for p in learning) else None


def clip(gradients: Sequence[Tensor], limit: float) -> Tensor:
    """Scale gradients down together where their norm exceeds ``limit``, as torch does; return the norm."""
    norm = torch.nn.utils.get_total_norm(gradients)
    if float(norm) > limit:
        torch._foreach_mul_(list(gradients), limit / (norm + 1e-6))
    return norm
