"""Mean pooling inside stock architectures: the head reads the mean of all tokens, and plain transformers too."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from transformers import AutoModel, AutoModelForSequenceClassification, AutoTokenizer, RobertaConfig, RobertaModel

from tunery import tasks
from tunery.models import pooling
from tunery.models.base import Base, load_base
from tunery.types import Example

TEXTS = [
    "My card has not arrived.",
    "Why?",
    "I topped up an hour ago and the money is still not there, please help me.",
]


@pytest.fixture(scope="module")
def tiny_roberta(chinese_base: str, tmp_path_factory: pytest.TempPathFactory) -> str:
    """A RoBERTa of random weights with a real tokenizer: another architecture, with another head."""
    folder = tmp_path_factory.mktemp("roberta")
    tokenizer = AutoTokenizer.from_pretrained(chinese_base.removeprefix("file:"))
    torch.manual_seed(0)
    config = RobertaConfig(
        vocab_size=len(tokenizer), hidden_size=32, num_hidden_layers=2, num_attention_heads=2, intermediate_size=64,
        max_position_embeddings=130, pad_token_id=1, type_vocab_size=1,
    )  # fmt: skip
    RobertaModel(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return f"file:{folder}"


def load(source: str, name: str) -> Base:
    task = tasks.get("text-classification", multi_label=False, pooling=name)
    return load_base(source, task, ["a", "b"])


def features(base: Base, texts: list[str]) -> torch.Tensor:
    from tunery.tasks.encoding import encoder_for

    encoder = encoder_for(base.tokenizer, base.limit)
    task = tasks.get("text-classification", multi_label=False)
    encodings = task.encode([Example(text) for text in texts], encoder, ["a", "b"])
    found = dict(base.network.features(encodings))
    return torch.stack([torch.from_numpy(found[number][0]) for number in range(len(texts))])


def means(source: str, texts: list[str]) -> torch.Tensor:
    path = source.removeprefix("file:")
    model, tokenizer = AutoModel.from_pretrained(path), AutoTokenizer.from_pretrained(path)
    with torch.inference_mode():
        states = [model(**tokenizer(text, return_tensors="pt")).last_hidden_state[0] for text in texts]
    return torch.stack([state.mean(dim=0) for state in states])


@pytest.mark.parametrize("source", ["tiny_base", "tiny_roberta"])
def test_the_head_reads_the_mean_of_all_tokens_whatever_the_padding(
    source: str, request: pytest.FixtureRequest
) -> None:
    uri: str = request.getfixturevalue(source)
    given = features(load(uri, "mean"), TEXTS)
    expected = torch.tanh(0.25 * torch.nn.functional.layer_norm(means(uri, TEXTS), (given.shape[1],)))
    torch.testing.assert_close(given, expected, atol=1e-2, rtol=0)


def test_the_architectures_own_pooling_stays_where_it_is_asked_for(tiny_base: str) -> None:
    base = load(tiny_base, "first")
    assert not pooling.is_installed(base.network.model.config)
    assert base.network.model.config.num_hidden_layers == 2


def test_the_averaging_layer_is_no_layer_that_learns(tiny_base: str) -> None:
    network = load(tiny_base, "mean").network
    fixed = {id(parameter) for parameter in network.fixed_parameters()}
    assert fixed
    assert len(network.layers) == 2
    assert not fixed & {id(parameter) for layer in network.layers for parameter in layer.parameters()}
    assert not fixed & {id(parameter) for parameter in network.head_parameters()}


def test_a_saved_network_averages_in_plain_transformers(tiny_base: str, tmp_path: Path) -> None:
    base = load(tiny_base, "mean")
    base.network.model.save_pretrained(tmp_path)
    base.tokenizer.save_pretrained(tmp_path)
    plain = AutoModelForSequenceClassification.from_pretrained(tmp_path)
    inputs = base.tokenizer(TEXTS, padding=True, return_tensors="pt")
    with torch.inference_mode():
        theirs, ours = plain(**inputs).logits, base.network.model.eval()(**inputs).logits
    torch.testing.assert_close(theirs, ours)


def test_what_does_not_learn_runs_without_dropout(tiny_base: str) -> None:
    network = load(tiny_base, "mean").network
    for parameter in network.model.parameters():
        parameter.requires_grad = False
    for parameter in network.layers[-1].parameters():
        parameter.requires_grad = True
    frozen = network.frozen_modules()
    assert pooling.averaging_layer(network.model) in frozen
    assert network.layers[0] in frozen
    assert network.layers[-1] not in frozen
