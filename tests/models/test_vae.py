"""The shipped variational autoencoders against their paper: the bound they reach, and the plane of the small one.

Kingma and Welling, "Auto-encoding variational Bayes", 2014: the bound is computed here once more, in NumPy.
"""

import base64
import json
import shutil

import numpy as np
import pytest
from scipy.stats import norm

from core.latent.maps import MAPS
from core.live.answer import answer
from core.measures.reconstruction import to_bytes
from core.runs.store import RunStore
from core.runs.weights import load_model
from tests.conftest import ROOT, compute

pytestmark = pytest.mark.slow  # ten thousand digits each

SHIPPED = RunStore(ROOT / "checkpoints")
GRID = 20


def relu_layers(state, part, values):
    """What a stack of linear layers with ReLU between them answers, in float64."""
    names = sorted({name.rsplit(".", 1)[0] for name in state if name.startswith(part)})
    for number, name in enumerate(names):
        values = (np.maximum(values, 0) if number else values) @ state[f"{name}.weight"].T.astype(np.float64)
        values += state[f"{name}.bias"]
    return values


def bound(state, pixels, seed):
    """The reconstruction term and the KL term of -ELBO in nats per digit, with one sample of the code each."""
    *hidden, last = sorted({name.rsplit(".", 1)[0] for name in state if name.startswith("encoder")})
    inner = {name: value for name, value in state.items() if name.rsplit(".", 1)[0] in hidden}
    body = np.maximum(relu_layers(inner, "encoder", pixels), 0)
    mu, logvar = (body @ state[f"{part}.weight"].T + state[f"{part}.bias"] for part in (last, "logvar"))
    codes = mu + np.exp(logvar / 2) * np.random.default_rng(seed).normal(size=mu.shape)
    logits = relu_layers(state, "decoder", codes)
    entropy = np.logaddexp(0, logits) - pixels * logits  # -log of the Bernoulli likelihood of a grey pixel
    kl = (np.exp(logvar) + mu**2 - 1 - logvar) / 2
    return entropy.sum(1).mean(), kl.sum(1).mean()


@pytest.mark.parametrize(("name", "least", "most"), [("vae-20", 95.0, 106.0), ("vae-2", 135.0, 145.0)])
def test_bound_is_the_known_one_and_no_better(name, least, most, mnist):
    run = SHIPPED.get(name)
    state = load_model(run).state_dict()
    pixels = mnist.test.images.reshape(-1, 784) / 255.0
    reconstruction, kl = bound(state, pixels, seed=0)
    assert least <= reconstruction + kl <= most
    told = run.history().epochs[-1].test
    assert kl == pytest.approx(told["kl"], rel=1e-4)
    assert reconstruction == pytest.approx(told["reconstruction"], abs=0.2)  # of other samples of the codes


@pytest.fixture(scope="module")
def vae():
    return load_model(SHIPPED.get("vae-2"))


@pytest.fixture(scope="module")
def plane(vae):
    """The pictures at a grid over the quantiles of the prior, float32 (20, 20, 28, 28): figure 4 of the paper."""
    quantiles = norm.ppf((np.arange(GRID) + 0.5) / GRID).astype(np.float32)
    places = np.stack(np.meshgrid(quantiles, quantiles), -1).reshape(-1, 2)
    return vae.decode(places).reshape(GRID, GRID, 28, 28)


def test_every_digit_is_on_the_plane(plane):
    answers = load_model(SHIPPED.get("cnn")).predict_proba(to_bytes(plane.reshape(-1, 28, 28)))
    read, sure = answers.argmax(1), answers.max(1)
    assert (np.bincount(read, minlength=10) >= 8).all()  # of 400 pictures
    assert (answers.max(0) > 0.8).all()  # each is read with confidence somewhere
    assert np.median(sure) > 0.8
    assert (sure > 0.5).mean() > 0.8


def test_plane_has_no_seams(plane):
    """Pictures side by side are alike: no more than a fifth as different as two anywhere on the plane."""
    across, down = ((np.diff(plane, axis=axis) ** 2).mean() for axis in (0, 1))
    anywhere = plane.reshape(-1, 784).var(0).mean() * 2
    assert max(across, down) < anywhere / 5


def test_prior_is_where_the_codes_are(vae, mnist):
    codes = vae.encode(mnist.test.images)
    assert np.abs(codes.mean(0)).max() < 0.25
    assert np.abs(codes.std(0) - 1).max() < 0.25
    inside = norm.cdf(codes)  # the share of the plane's pictures that lie below each
    assert ((inside > 0.01) & (inside < 0.99)).mean() > 0.9


def test_code_of_a_digit_is_drawn_as_that_digit(vae, mnist):
    """Of ten digits, one a class, a digit is most like what its own code is drawn as."""
    pixels = mnist.test.images.reshape(-1, 784) / 255.0
    drawn = vae.decode(vae.encode(mnist.test.images)).reshape(-1, 784)
    rows = np.stack([np.flatnonzero(mnist.test.labels == label)[:500] for label in range(10)], 1)
    errors = ((pixels[rows][:, :, None] - drawn[rows][:, None]) ** 2).sum(3)
    assert (errors.argmin(2) == np.arange(10)).mean() > 0.93


def test_what_the_page_is_answered_is_what_the_model_draws(vae, mnist, tmp_path, monkeypatch):
    shutil.copytree(SHIPPED.folder / "vae-2", tmp_path / "vae-2", ignore=shutil.ignore_patterns("projections"))
    monkeypatch.setenv("DIGITLAB_CHECKPOINTS", str(tmp_path))
    compute(MAPS, RunStore(tmp_path).get("vae-2"), "code", "test")
    for x, y in vae.encode(mnist.test.images[:20]).tolist():
        question = {"kind": "decode", "seq": 1, "run": "vae-2", "method": "code", "x": x, "y": y}
        reply = json.loads(answer(json.dumps(question)))
        assert "error" not in reply, reply
        picture = np.frombuffer(base64.b64decode(reply["image"]), np.uint8).reshape(28, 28)
        expected = to_bytes(vae.decode(np.array([[x, y]], np.float32)))[0]
        np.testing.assert_array_equal(picture, expected)
        assert reply["exact"] is True
        assert reply["distance"] == pytest.approx(0, abs=1e-3)
