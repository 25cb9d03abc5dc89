"""Base models: from a source into memory, with a task's head on top."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from tunery.errors import MissingExtraError, ModelError
from tunery.i18n import _
from tunery.sources import fetch

if TYPE_CHECKING:
    from transformers import PretrainedConfig, PreTrainedModel, PreTrainedTokenizerBase

    from tunery.models.network import Network
    from tunery.tasks.base import Task

_UNLIMITED = 100_000
"""Tokenizers that know no limit give an absurdly large one."""


@dataclass(frozen=True)
class Base:
    """A base model in memory, with a fresh head.

    Attributes:
        network: The model.
        tokenizer: Its tokenizer.
        limit: Its longest window in tokens, special tokens included.
        uri: Its source with the revision pinned.
        revision: That revision.
    """

    network: Network
    tokenizer: PreTrainedTokenizerBase
    limit: int
    uri: str
    revision: str


@dataclass(frozen=True)
class TokenCounter:
    """Counts tokens as a base model does.

    Attributes:
        count: Texts to their lengths, special tokens included.
        limit: The base model's longest window, where it has one.
    """

    count: Callable[[Sequence[str]], list[int]]
    limit: int | None


def load_base(uri: str, task: Task, labels: Sequence[str], dropout: float | None = None) -> Base:
    """Fetch a base model and put the task's head on it.

    Args:
        uri: The base model's source.
        task: The task, prepared.
        labels: The data set's labels.
        dropout: Share of activations dropped while learning; None for the base model's own.

    Raises:
        SourceError: The source can't be had.
        ModelError: What it holds can't be used for the task.
    """
    fetched = fetch(uri, kind="model")
    folder, files = weights_in(fetched.path)
    tokenizer = load_tokenizer(folder, **files)
    config = load_config(folder, **files)
    for name, value in task.configure(labels).items():
        setattr(config, name, value)
    config.num_labels = len(task.outputs(labels))
    if dropout is not None:
        _set_dropout(config, dropout)
    limit = longest_window(config, tokenizer)
    network = build_network(folder, config, task, tokenizer, fresh=True, **files)
    return Base(network, tokenizer, limit, fetched.uri, fetched.revision)


def build_network(
    folder: Path, config: PretrainedConfig, task: Task, tokenizer: PreTrainedTokenizerBase, *,
    fresh: bool, **files: str,
) -> Network:  # fmt: skip
    """Load weights into the task's architecture.

    Args:
        folder: Where the weights are.
        config: The configuration, labels included.
        task: Decides the head.
        tokenizer: Its padding token is the model's.
        fresh: Whether this is a base model that gets a new head, rather than a tuned one.
        files: What `weights_in` returned.
    """
    import transformers

    from tunery.models import pooling
    from tunery.models.network import Network

    config.pad_token_id = tokenizer.pad_token_id
    mean = fresh and getattr(task, "pooling", "first") != "first" and pooling.supports_mean(config.model_type)
    if mean:
        pooling.configure(config)
    auto: Any = getattr(transformers, task.auto_class)
    with quiet(), _plain_errors(folder):
        model: PreTrainedModel = auto.from_pretrained(
            folder, config=config, trust_remote_code=False, local_files_only=True, use_safetensors=True,
            ignore_mismatched_sizes=fresh, dtype="float32", **files, **_unpacked(files),
        )  # fmt: skip
    if files:
        # The weights are plain now; transformers would still refuse to save what it remembers as quantised.
        vars(model).pop("hf_quantizer", None)
        vars(model.config).pop("quantization_config", None)
    if pooling.is_installed(config):
        if mean:
            pooling.install(model)
        pooling.shorten(model)
    return Network(model, int(config.num_labels or 0), cast(int, tokenizer.pad_token_id))


def _unpacked(files: Mapping[str, str]) -> dict[str, object]:
    """Return what makes transformers turn the blocks of a GGUF file into plain weights, which can learn."""
    import transformers

    config: Any = getattr(transformers, "GgufConfig", None)  # Before it existed, this was the only way.
    return {} if not files or config is None else {"quantization_config": config(dequantize=True)}


def weights_in(path: Path) -> tuple[Path, dict[str, str]]:
    """Return the folder of a model, and what transformers must be told to load it: nothing, or which GGUF file.

    Args:
        path: The folder, or a single GGUF file.

    Raises:
        ModelError: There are no weights, or only pickled ones.
    """
    if path.suffix == ".gguf":
        return path.parent, {"gguf_file": path.name}
    folder = path
    if any(folder.glob("*.safetensors")):
        return folder, {}
    gguf = sorted(folder.glob("*.gguf"))
    if gguf:
        return folder, {"gguf_file": gguf[0].name}
    pickles = sorted(path.name for pattern in ("*.bin", "*.pt", "*.pth", "*.ckpt") for path in folder.glob(pattern))
    if pickles:
        raise ModelError(
            _("{folder} has its weights in a pickle ({file}), which could run any code when it is opened.").format(
                folder=folder, file=pickles[0]
            ),
            _("Convert it where that does no harm: load it with transformers in a throw-away container, then "
              "model.save_pretrained(FOLDER, safe_serialization=True), and use that folder."),
        )  # fmt: skip
    raise ModelError(
        _("{folder} holds no weights.").format(folder=folder),
        _("A base model is a folder with config.json, a tokenizer and model.safetensors (or one GGUF file)."),
    )


def load_tokenizer(folder: Path, **files: str) -> PreTrainedTokenizerBase:
    """Load a tokenizer; one without a padding token gets its end token for that."""
    from transformers import AutoTokenizer

    with quiet(), _plain_errors(folder):
        tokenizer: PreTrainedTokenizerBase = AutoTokenizer.from_pretrained(
            folder, trust_remote_code=False, local_files_only=True, **files
        )
    if tokenizer.pad_token_id is None:
        tokenizer.pad_token = tokenizer.eos_token
    return tokenizer


def load_config(folder: Path, **files: str) -> PretrainedConfig:
    """Load a model's configuration."""
    from transformers import AutoConfig

    with quiet(), _plain_errors(folder):
        config: PretrainedConfig = AutoConfig.from_pretrained(
            folder, trust_remote_code=False, local_files_only=True, **files
        )
    return config


def longest_window(config: PretrainedConfig, tokenizer: PreTrainedTokenizerBase) -> int:
    """Return how many tokens the model can read at once, special tokens included."""
    positions = getattr(config, "max_position_embeddings", None) or _UNLIMITED
    if config.model_type in ("roberta", "xlm-roberta", "camembert"):
        positions -= (config.pad_token_id or 0) + 1  # These count positions from behind the padding token's.
    stated = tokenizer.model_max_length
    return int(min(positions, stated if stated and stated < _UNLIMITED else positions, 8192))


def token_counter(uri: str) -> TokenCounter:
    """Fetch a base model and return a function that counts tokens as it does."""
    require_tune(_("Counting tokens as the base model does"))
    from tunery.tasks.encoding import encoder_for

    fetched = fetch(uri, kind="model")
    folder, files = weights_in(fetched.path)
    tokenizer = load_tokenizer(folder, **files)
    limit = longest_window(load_config(folder, **files), tokenizer)
    encoder = encoder_for(tokenizer, limit)
    special = len(encoder.prefix) + len(encoder.suffix)
    return TokenCounter(lambda texts: [len(ids) + special for ids in encoder.texts(texts)], limit)


def require_tune(purpose: str) -> None:
    """Raise `MissingExtraError` unless what tuning needs is installed."""
    from importlib.util import find_spec

    if not all(find_spec(name) for name in ("torch", "transformers", "safetensors")):
        raise MissingExtraError("tune", purpose)


def usual_dropout(config: PretrainedConfig) -> float:
    """Return the largest share of activations that a base model drops while learning."""
    return max((float(value) for value in _dropouts(config).values() if value is not None), default=0.0)


def _set_dropout(config: PretrainedConfig, share: float) -> None:
    for name in _dropouts(config):
        setattr(config, name, share)


def _dropouts(config: PretrainedConfig) -> dict[str, float | None]:
    # Architectures agree on the word, not on the name.
    return {
        name: value
        for name, value in config.to_dict().items()
        if "dropout" in name and isinstance(value, float | int | None) and not isinstance(value, bool)
    }


@contextmanager
def quiet() -> Iterator[None]:
    """Keep transformers from showing bars of its own, and from warning that the head is new: that is what it is for."""
    from transformers.utils import logging as library_logging

    before = library_logging.get_verbosity()
    bars = library_logging.is_progress_bar_enabled()
    library_logging.set_verbosity(logging.ERROR)
    library_logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    try:
        yield
    finally:
        library_logging.set_verbosity(before)
        if bars:
            library_logging.enable_progress_bar()  # type: ignore[no-untyped-call]


@contextmanager
def _plain_errors(folder: Path) -> Iterator[None]:
    """Say in a sentence what transformers found wrong with a folder."""
    try:
        yield
    except (OSError, ValueError, KeyError, TypeError, ImportError) as error:
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise ModelError(
            _("{folder} can't be loaded as a model: {reason}").format(folder=folder, reason=reason),
            _("Check that it is a complete model of an architecture that transformers knows without code of its own."),
        ) from error
