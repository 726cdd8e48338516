"""The terms that tooltips explain."""

import pytest

from core.figures.terms import TERMS, explain, explain_terms_of
from core.latent.projectors import PROJECTORS
from core.models import MODELS


def test_what_a_text_names_is_explained_once_whatever_its_case_and_number():
    text = explain_terms_of("Epochs, KL (nats) and PCA-2 (clipped) of an epoch", "epoch")
    assert [line.split(":")[0] for line in text.split("  \n")] == ["Epoch", "KL", "Nat", "PCA"]
    assert explain_terms_of("A sentence about naturally encoded things") == ""


def test_a_term_that_is_not_in_the_table_is_a_mistake():
    with pytest.raises(KeyError):
        explain("perplexity")


def test_each_term_is_one_sentence_and_each_map_and_model_has_its_own():
    sentences = [*TERMS.values(), *(row.blurb for row in (*PROJECTORS.values(), *MODELS.values()))]
    assert all(sentence.endswith(".") and sentence.count(". ") <= 1 for sentence in sentences)
