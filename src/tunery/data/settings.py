"""How files are read and splits are made: every setting of data, declared once."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from tunery.i18n import N_


class DataSettings(BaseModel):
    """What decides how a file becomes examples; everything not set is found out and said."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: str | None = Field(
        default=None,
        description=N_("Format of the files, for example conll, jsonl, csv or doccano. Default: by name and content."),
    )
    encoding: str | None = Field(default=None, description=N_("Character encoding of the files. Default: by content."))
    delimiter: str | None = Field(default=None, description=N_("What separates columns. Default: by content."))
    text_column: str | None = Field(
        default=None, description=N_("Column that holds the text, by name or number from 1.")
    )
    text_pair_column: str | None = Field(default=None, description=N_("Column that holds the second text of a pair."))
    label_column: str | None = Field(
        default=None, description=N_("Column that holds the label, by name or number from 1.")
    )
    label_separator: str | None = Field(
        default=None, description=N_("What separates several labels in one cell, for example a comma.")
    )
    unlabelled: bool = Field(
        default=False, description=N_("Read texts that have no labels yet, so that they can be labelled.")
    )
    id_column: str | None = Field(default=None, description=N_("Column that holds the row's own name."))
    timestamp_column: str | None = Field(default=None, description=N_("Column that holds the time of the text."))
    group_column: str | None = Field(
        default=None, description=N_("Column whose equal values are never divided between splits.")
    )
    document_column: str | None = Field(
        default=None, description=N_("Column that names the document whose sentences follow each other in the rows.")
    )
    dev_share: float = Field(default=0.1, gt=0, lt=1, description=N_("Share of the rows for dev, where there is none."))
    test_share: float = Field(
        default=0.2, gt=0, lt=1, description=N_("Share of the rows for test, where there is none.")
    )
    split_seed: int = Field(default=42, ge=0, description=N_("Seed for making splits."))
