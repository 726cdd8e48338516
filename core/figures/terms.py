"""What unfamiliar terms mean, each in one sentence, for the tooltips of all pages."""

from __future__ import annotations

import re

TERMS = {
    "epoch": "one pass over all training digits.",
    "autoencoder": "a network that makes a few numbers of a digit and redraws it from them.",
    "code": "these few numbers; of a map, each point is one code.",
    "VAE": "a variational autoencoder, which learns to spread its codes without gaps, so that any code can be drawn.",
    "KL": "the Kullback-Leibler divergence, how far a VAE's codes are from the normal distribution, in nats.",
    "ELBO": "how well a VAE explains digits, the evidence lower bound; its negative is reconstruction plus KL.",
    "nat": "a unit of information, 1.44 bits.",
    "PCA": "principal component analysis, the best linear code of the same size; clipped: held to black and white.",
    "BCE": "binary cross-entropy, each pixel taken as a chance of white.",
    "penalty": "what is added to the loss so that few of a code's numbers are active at a time.",
}


def explain(*terms: str) -> str:
    """Return what the terms mean, a line each in Markdown; KeyError for one that is not in the table."""
    return "  \n".join(f"{term[0].upper()}{term[1:]}: {TERMS[term]}" for term in terms)


def explain_terms_of(text: str, *more: str) -> str:
    """Return what those terms mean that a text names, whatever their case and number, and `more` of them before."""
    named = [term for term in TERMS if re.search(rf"\b{term}s?\b", text, re.IGNORECASE)]
    return explain(*dict.fromkeys((*more, *named)))
