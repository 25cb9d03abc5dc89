"""The lower layers of a network, left out of a pass: what they gave before is put in their place.

Works on any architecture whose layers pass hidden states on: for the time of one pass the layers' ``forward`` returns
what is given. Modules, weights and saved files stay as they are.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from torch import Tensor, nn


class Lower:
    """The first layers of a network, with the embeddings below them.

    Args:
        embeddings: The module that gives the first layer its input, where the architecture has one; it is left out too.
        layers: The layers, from the first.
    """

    def __init__(self, embeddings: nn.Module | None, layers: Sequence[nn.Module]) -> None:
        self._embeddings = embeddings
        self._layers = list(layers)
        self._in_tuple = False

    @contextmanager
    def given(self, hidden: Tensor) -> Iterator[None]:
        """Let the layers return ``hidden`` (rows x longest x width) instead of running.

        Every one of them returns it, so that it does not matter how the architecture hands hidden states on.
        """
        answer = (hidden,) if self._in_tuple else hidden
        replaced = [*self._layers, *([] if self._embeddings is None else [self._embeddings])]
        for module in replaced:
            module.forward = _Constant(hidden if module is self._embeddings else answer)
        try:
            yield
        finally:
            for module in replaced:
                del module.forward

    @contextmanager
    def caught(self) -> Iterator[list[Tensor]]:
        """Yield a list that receives what the last of the layers gives; the pass ends there with `Reached`."""
        found: list[Tensor] = []

        def catch(_module: nn.Module, _inputs: object, outputs: Tensor | tuple[Tensor, ...]) -> None:
            self._in_tuple = isinstance(outputs, tuple)
            found.append(outputs[0] if isinstance(outputs, tuple) else outputs)
            raise Reached

        hook = self._layers[-1].register_forward_hook(catch)
        try:
            yield found
        finally:
            hook.remove()


class Reached(Exception):  # noqa: N818 - it ends a pass early, and is no error
    """What was wanted of a pass has been caught."""


class _Constant:
    """A forward that returns the same whatever it is asked."""

    def __init__(self, value: Tensor | tuple[Tensor, ...]) -> None:
        self._value = value

    def __call__(self, *_inputs: object, **_named: object) -> Tensor | tuple[Tensor, ...]:
        return self._value
