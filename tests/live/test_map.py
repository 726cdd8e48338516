"""Live questions about maps and codes: what a decoder draws at places of a map and of codes, and what is refused."""

import base64
import json
import random
from collections.abc import Callable
from itertools import chain
from typing import Any

import numpy as np
import pytest

from core.latent.maps import MAPS, load_projection
from core.latent.projection import Projection
from core.live.answer import answer
from core.measures.reconstruction import to_bytes
from core.runs.run import Run
from core.runs.weights import load_model
from tests.conftest import compute, small

K = 5
Train = Callable[..., Run]


@pytest.fixture
def run(trained: Train) -> Run:
    """A small autoencoder with its PCA map, and as its UMAP map one made by hand that is not linear."""
    run = trained("autoencoder", params={"hidden": 16, "code_size": K}, epochs=1)
    compute(MAPS, run, "pca", "test")
    linear = load_projection(run, "pca")
    assert linear is not None
    facts = {"method": "umap", "dataset": "digits", "parameters": {}, "weights_version": run.weights_version()}
    arrays = {"points": np.sign(linear.points) * np.sqrt(np.abs(linear.points))}
    MAPS.write(run, arrays, facts, "umap", "test")
    return run


def ask(run: Run, kind: str, **changes: object) -> dict[str, Any]:
    reply: dict[str, Any] = json.loads(answer(json.dumps({"kind": kind, "seq": 3, "run": run.id, **changes})))
    assert reply.pop("seq") == 3
    return reply


def map_of(run: Run, method: str) -> Projection:
    found = load_projection(run, method)
    assert found is not None
    return found


def pictures(text: str) -> np.ndarray:
    return np.frombuffer(base64.b64decode(text), np.uint8).reshape(-1, 28, 28)


@pytest.mark.parametrize(("method", "exact"), [("pca", True), ("umap", False)])
def test_a_place_is_decoded_with_how_far_it_is_from_real_codes(run: Run, method: str, exact: bool) -> None:
    projection, model = map_of(run, method), load_model(run)
    spot = projection.points[[7]] + np.float32(0.01)
    reply = ask(run, "decode", method=method, x=float(spot[0, 0]), y=float(spot[0, 1]))
    codes = projection.invert(spot)
    assert set(reply) == {"image", "distance", "exact"}
    assert reply["exact"] is exact
    np.testing.assert_array_equal(pictures(reply["image"]), to_bytes(model.decode(codes)))
    nearest = np.linalg.norm(projection.codes - codes, axis=1).min()
    assert reply["distance"] == pytest.approx(float(projection.distance_ratio(codes)[0]), abs=1e-3)
    assert (reply["distance"] == 0) == (nearest < 1e-6)


def test_without_codes_a_linear_map_is_decoded_and_a_bent_one_waits(run: Run) -> None:
    x, y = map_of(run, "pca").points[7].astype(float).tolist()
    whole = ask(run, "decode", method="pca", x=x, y=y)
    run.projection_file("codes-test").unlink()
    assert ask(run, "decode", method="pca", x=x, y=y) == {name: whole[name] for name in ("image", "exact")}
    assert "images" in ask(run, "plane", method="pca", places=[[x, y]])
    for question in (ask(run, "decode", method="umap", x=x, y=y), ask(run, "plane", method="umap", places=[[x, y]])):
        assert question == {"error": "The codes of these digits are not computed yet. Wait a moment."}
    assert "points" in ask(run, "map", method="umap")


def test_the_further_from_all_codes_the_stranger(run: Run) -> None:
    distances = [ask(run, "decode", method="pca", x=x, y=0)["distance"] for x in (50, 500, 1e6)]
    assert distances == sorted(distances)
    assert distances[0] > 10


@pytest.mark.parametrize("method", ["pca", "umap"])
def test_a_plane_is_what_each_of_its_places_decodes_to(run: Run, method: str) -> None:
    projection = map_of(run, method)
    places = [*projection.points[:3].tolist(), [300.0, -300.0]]
    reply = ask(run, "plane", method=method, sample="test", places=places)
    for place, picture in zip(places, pictures(reply["images"]), strict=True):
        alone = ask(run, "decode", method=method, x=place[0], y=place[1])
        assert np.abs(pictures(alone["image"])[0].astype(int) - picture).max() <= 1
    assert reply["spread"][:3] == pytest.approx([0, 0, 0], abs=1e-4)
    assert reply["spread"][3] > 100


def test_codes_are_decoded_and_placed(run: Run) -> None:
    projection, model = map_of(run, "umap"), load_model(run)
    codes = projection.codes[:3].astype(float).tolist()
    reply = ask(run, "code", codes=codes, map={"method": "umap"}, distance=True)
    np.testing.assert_array_equal(pictures(reply["images"]), to_bytes(model.decode(projection.codes[:3])))
    np.testing.assert_allclose(reply["places"], projection.place(projection.codes[:3]), atol=1e-4)
    assert reply["distance"] == pytest.approx([0, 0, 0], abs=1e-3)
    assert set(ask(run, "code", codes=codes)) == {"images"}
    assert set(ask(run, "code", codes=codes, map={"method": "pca", "sample": "test"})) == {"images", "places"}


def test_codes_at_the_end_of_numbers_are_answered_with_numbers_or_null(run: Run) -> None:
    for method in ("pca", "umap"):
        reply = ask(run, "code", codes=[[1e6] * K, [-1e6] * K], map={"method": method}, distance=True)
        assert len(pictures(reply["images"])) == 2
        for number in [*reply["distance"], *chain(*reply["places"])]:
            assert number is None or np.isfinite(number)


CODE = [0.0] * K


@pytest.mark.parametrize(
    ("kind", "changes", "says"),
    [
        ("plane", {"places": []}, "0 of them"),
        ("plane", {"places": [[0, 0]] * 65}, "send a list of 1 to 64"),
        ("plane", {"places": {"x": 0}}, "a dict"),
        ("plane", {"places": [[0]]}, "1 numbers: send 2 numbers each"),
        ("plane", {"places": [[0, "0"]]}, "'0'"),
        ("plane", {"places": [[0, True]]}, "True"),
        ("plane", {"places": [[0, 10**400]]}, "send a number"),
        ("plane", {"places": [[0, 0]], "sample": "some"}, "the samples are test, all"),
        ("plane", {"places": [[0, 0]], "sample": "all"}, "has no PCA map yet"),
        ("plane", {"places": [[0, 0]], "method": "magic"}, "the methods are"),
        ("decode", {"x": 0}, "The y is None"),
        ("code", {"codes": None}, "The codes are None"),
        ("code", {"codes": [CODE] * 65}, "65 of them: send a list of 1 to 64"),
        ("code", {"codes": [CODE] * 17, "map": {"method": "pca"}}, "send a list of 1 to 16"),
        ("code", {"codes": [CODE[1:]]}, "4 numbers: send 5 numbers each"),
        ("code", {"codes": [[*CODE[1:], None]]}, "is None"),
        ("code", {"codes": [[*CODE[1:], 2e6]]}, "between -1,000,000 and 1,000,000"),
        ("code", {"codes": [CODE], "map": "pca"}, "send an object"),
        ("code", {"codes": [CODE], "map": {}}, "the methods are"),
        ("code", {"codes": [CODE], "map": {"method": "tsne"}}, "has no t-SNE map yet"),
        ("code", {"codes": [CODE], "map": {"method": "pca", "sample": 1}}, "the samples are"),
    ],
)
def test_what_cannot_be_asked_is_a_sentence(run: Run, kind: str, changes: dict[str, Any], says: str) -> None:
    reply = ask(run, kind, **{"method": "pca"} | changes)
    assert list(reply) == ["error"]
    assert says in reply["error"]
    assert len(reply["error"]) < 300
    assert reply["error"].endswith(".")


def test_the_map_in_a_question_of_codes_is_of_the_run_that_is_asked(run: Run, trained: Train) -> None:
    """A map names no run of its own, so that nobody is placed on a map of other codes."""
    other = trained("autoencoder", params={"hidden": 16, "code_size": K}, epochs=1)
    assert "has no PCA map" in ask(other, "code", codes=[CODE], map={"run": run.id, "method": "pca"})["error"]


def test_a_run_that_vanishes_or_reads_digits_is_a_sentence(run: Run, trained: Train) -> None:
    reader = trained()
    for kind, more in (("code", {"codes": [CODE]}), ("plane", {"places": [[0, 0]]}), ("decode", {"x": 0, "y": 0})):
        assert "no decoder" in ask(reader, kind, method="pca", **more)["error"]
    (run.folder / "weights.safetensors").unlink()
    assert ask(run, "code", codes=[CODE])["error"].endswith(".")


def test_no_mixture_of_values_raises(run: Run) -> None:
    """Whatever a stranger puts where, the answer is one JSON object: a sentence, or what was asked for."""
    rng = random.Random(0)
    values = [
        *(None, True, 0, -1, 1.5, 1e6, -1e6, 2e6, 10**400, "", "pca", "umap", "test", "all", "../x", run.id, [], {}),
        *(
            [[0, 0]],
            [[0] * K],
            [[0.5] * K] * 3,
            [CODE, None],
            [[[]]],
            {"method": "pca"},
            {"method": "umap", "sample": 7},
        ),
    ]
    right = {"run": run.id, "method": "pca", "sample": "test", "x": 0, "y": 0, "places": [[0, 0]], "codes": [CODE]}
    answered = 0
    for _ in range(600):
        question = dict(right)
        for name in rng.sample([*right, "map", "distance"], rng.randint(0, 3)):
            question[name] = rng.choice(values)
        kind = rng.choice(["decode", "plane", "code", "map"])
        reply = json.loads(answer(json.dumps({"kind": kind, "seq": 1, **question})), parse_constant=pytest.fail)
        assert len(reply.get("error", "")) < 300
        answered += "error" not in reply
    assert 100 < answered < 500


def test_a_map_of_older_weights_serves_a_hover_alone(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """A drawing has no place among codes of other weights."""
    monkeypatch.setattr(Run, "weights_version", lambda self: 5)
    assert "has changed" in ask(run, "map", method="pca").get("error", "")
    assert "image" in ask(run, "decode", method="pca", x=0, y=0)


def test_variational_models_say_what_their_codes_are_drawn_from() -> None:
    assert [small(name).spec.prior for name in ("vae", "conv-vae", "autoencoder")] == ["normal", "normal", ""]
