"""What columns are called: the usual names for text, label and the rest, in English and Chinese."""

from __future__ import annotations

import re


def _words(written: str) -> frozenset[str]:
    return frozenset(written.split())


TEXT = _words(
    "text sentence sent content review reviews utterance query body comment tweet message narrative description"
    " document doc input passage post title abstract headline question complaint review_text review_body full_text"
    " 文本 内容 句子 评论 正文 标题 问题 文章 描述 原文"
)
LABEL = _words(
    "label labels category categories class classes intent intents target sentiment emotion emotions gold y"
    " gold_label label_text label_name class_name category_name 标签 类别 分类 类目 意图 情感 标注"
)
WEAK_LABEL = _words(
    "topic type tag tags product department polarity stance genre coarse fine stars rating"
    " 主题 类型 产品 科室 评分 星级"
)
FIRST_OF_PAIR = ("text_a", "sentence1", "sentence_a", "question1", "text1", "premise", "query1", "文本1", "句子1")
SECOND_OF_PAIR = ("text_b", "sentence2", "sentence_b", "question2", "text2", "hypothesis", "query2", "文本2", "句子2")
ID = ("id", "idx", "guid", "uid", "row_id", "example_id", "编号")
TIMESTAMP = ("timestamp", "time", "date", "datetime", "created_at", "时间", "日期")
GROUP = ("group", "group_id", "分组")
DOCUMENT = ("document_id", "doc_id", "document", "文档编号", "文档")
SPLIT = ("split", "partition", "fold_name", "数据集划分")
TOKENS = ("tokens", "words", "token", "word", "chars", "sentence", "text", "字", "词")
TAGS = ("tags", "ner_tags", "ner", "labels", "label", "tag", "bio", "entities", "标签")
SPANS = ("spans", "entities", "label", "labels", "annotations", "ner", "entity", "实体")

_PREDICTED = re.compile(
    r"predict|(?:^|[_\s])pred(?:s|$|[_\s])|prob|confidence|logit|(?:^|[_\s])scores?(?:$|[_\s])|预测|置信|概率"
)


def plain(name: str) -> str:
    """Return a column's name in lower case, with underscores for whatever separates words."""
    return re.sub(r"[\s\-./]+", "_", name.strip().lower())


def is_prediction(name: str) -> bool:
    """Say whether a column is called like a model's answer; such a column is never taken for the right one."""
    return _PREDICTED.search(plain(name)) is not None


def is_known(name: str) -> bool:
    """Say whether a cell is the usual name of a column."""
    usual = plain(name)
    return usual in TEXT or usual in LABEL or any(
        usual in names for names in (FIRST_OF_PAIR, SECOND_OF_PAIR, ID, TIMESTAMP, GROUP, DOCUMENT, SPANS, TOKENS, TAGS)
    )  # fmt: skip
