"""MODELS, the table of all models. Loads no engine until one is built."""

from __future__ import annotations

from typing import Any

from core.models.contract import Health, Metrics, Model, ModelSpec, Param, UnknownModel, Value, widths
from core.table import table

__all__ = ["MODELS", "Health", "Metrics", "Model", "ModelSpec", "Param", "UnknownModel", "Value", "spec", "widths"]


def spec(name: str) -> ModelSpec:
    """Return the row of MODELS with this name, or raise UnknownModel."""
    if name not in MODELS:
        raise UnknownModel(f"There is no model {str(name)[:80]!r}. Choose one of: {', '.join(MODELS)}.")
    return MODELS[name]


_CODE = Param("code_size", "Code size", 64, 1, 512, help="Numbers that describe one digit.")
_LATENT = Param("code_size", "Latent size", 20, 2, 64, help="Numbers that describe one digit.")
_BETA = Param(
    "beta", "Beta", 1.0, 0.0, 100.0, help="Weight of the KL term; above 1 the codes keep closer to the prior."
)
_WIDTH = Param("width", "Channels", 16, 4, 64, help="Of the first layer; the next has twice as many.")
_DROPOUT = Param("dropout", "Dropout", 0.0, 0.0, 0.9, help="Share of hidden units silenced at each step.")
_ACTIVATION = Param("activation", "Activation", "relu", choices=("relu", "sigmoid", "tanh", "gelu"))
_SCRATCH_ACTIVATION = Param("activation", "Activation", "relu", choices=("relu", "sigmoid", "tanh"))
_DEPTH = Param("depth", "Hidden layers", 5, 1, 20)
_DEEP_WIDTH = Param("width", "Units per layer", 200, 1, 2048)
_BATCH_NORM = Param("batch_norm", "Batch norm", True, help="Normalise each hidden layer over the batch.")
_INIT = Param(
    "init",
    "Initial weights",
    "he",
    choices=("he", "xavier", "normal", "zeros"),
    help="He and Xavier fit the spread to the layer's width; normal has the spread given below; zeros cannot learn.",
)
_INIT_STD = Param("init_std", "Spread of normal", 0.1, 0.0, 10.0, help="Standard deviation of the initial weights.")
_NUMPY = "core.models.numpy_models"
_CLASSIFIERS, _AUTOENCODERS = "core.models.classifiers", "core.models.autoencoders"
_FITTED: dict[str, Any] = {"task": "classify", "engine": "sklearn", "learns": "at once"}
_C = Param("c", "C", 1.0, 1e-6, 1e6, help="What a digit on the wrong side costs: smaller makes wider margins.")

MODELS = table(
    ModelSpec(
        "cnn",
        "Convolutional net",
        "Three small convolutions with batch norm that keep the picture's shape in mind.",
        "classify",
        f"{_CLASSIFIERS}:cnn",
        (
            Param("width", "Channels", 16, 4, 64, help="Of the first layer; the next have 2 and 4 times as many."),
            _DROPOUT,
        ),
    ),
    ModelSpec(
        "lenet5",
        "LeNet-5",
        "The convolutional net of 1998 that read cheques: 6, 16 and 120 maps, then 84 units.",
        "classify",
        f"{_CLASSIFIERS}:lenet5",
        (Param("activation", "Activation", "tanh", choices=("tanh", "relu")),),
    ),
    ModelSpec(
        "softmax",
        "Softmax regression",
        "One linear layer, 784-10: what can be read without any hidden feature.",
        "classify",
        f"{_CLASSIFIERS}:softmax",
    ),
    ModelSpec(
        "mlp",
        "One hidden layer",
        "A fully connected net with one hidden layer of features it finds by itself.",
        "classify",
        f"{_CLASSIFIERS}:mlp",
        (Param("hidden", "Hidden units", 256, 1, 4096, help="Width of the hidden layer."), _ACTIVATION, _DROPOUT),
    ),
    ModelSpec(
        "deep",
        "Deep net",
        "Many hidden layers, where activation, initial weights and batch norm decide whether it learns.",
        "classify",
        f"{_CLASSIFIERS}:deep",
        (_DEPTH, _DEEP_WIDTH, _ACTIVATION, _INIT, _INIT_STD, _BATCH_NORM, _DROPOUT),
    ),
    ModelSpec(
        "encoder-classifier",
        "Classifier on an encoder",
        "Softmax on the code of a trained autoencoder: what its features are worth for reading.",
        "classify",
        f"{_CLASSIFIERS}:encoder_classifier",
        (
            Param(
                "encoder",
                "Encoder",
                "frozen",
                choices=("frozen", "fine-tuned"),
                help="Frozen keeps the features as they are; fine-tuned lets them learn on.",
            ),
        ),
        source="reconstruct",
    ),
    ModelSpec(
        "knn",
        "k nearest neighbours",
        "Learns nothing and keeps every digit: the most alike of them vote.",
        entry="core.models.fitted_neighbours:NearestNeighbours",
        params=(
            Param("k", "Neighbours", 4, 1, 50, help="How many of the most alike training digits vote."),
            Param(
                "weights",
                "Votes",
                "distance",
                choices=("distance", "uniform"),
                help="By distance, nearer neighbours count more; uniform gives each one vote.",
            ),
        ),
        **_FITTED,
    ),
    ModelSpec(
        "forest",
        "Random forest",
        "Many trees of yes-or-no questions about single pixels, each grown on a random draw of the digits, vote.",
        entry="core.models.fitted_forest:RandomForest",
        params=(
            Param("trees", "Trees", 100, 1, 500),
            Param("min_leaf", "Digits per leaf", 1, 1, 1000, help="A question is asked only where so many stay apart."),
        ),
        **_FITTED,
    ),
    ModelSpec(
        "linear-svm",
        "Linear SVM",
        "A plane for each class with the widest margin it can have to all others.",
        entry="core.models.fitted_svm:LinearMachines",
        params=(_C,),
        **_FITTED,
    ),
    ModelSpec(
        "rbf-svm",
        "RBF SVM",
        "A machine for each pair of classes weighs how near a digit is to the hard cases among those it has seen.",
        entry="core.models.fitted_svm:RbfMachines",
        params=(
            _C,
            Param(
                "gamma", "Gamma", 0.0, 0.0, 1000.0, help="How near is near: larger is nearer; 0 fits it to the digits."
            ),
        ),
        **_FITTED,
    ),
    ModelSpec(
        "numpy-two-layer",
        "Two layers from scratch",
        "784-256-10 in NumPy alone, with every derivative written out.",
        "classify",
        f"{_NUMPY}:two_layer",
        (
            Param("hidden", "Hidden units", 256, 1, 4096, help="Width of the hidden layer."),
            Param("activation", "Activation", "sigmoid", choices=("sigmoid", "relu", "tanh")),
            Param("init", "Initial weights", "normal", choices=("normal", "xavier", "he", "zeros"), help=_INIT.help),
            _INIT_STD,
            Param("scaled", "Inputs in [0, 1]", True, help="Off leaves the pixels at 0 to 255."),
            Param("summed", "Sum gradients", False, help="Sum the gradients over a batch instead of averaging them."),
        ),
        engine="numpy",
    ),
    ModelSpec(
        "numpy-deep",
        "Deep net from scratch",
        "As many dense layers as you like in NumPy alone, with batch norm.",
        "classify",
        f"{_NUMPY}:deep",
        (_DEPTH, _DEEP_WIDTH, _SCRATCH_ACTIVATION, _INIT, _INIT_STD, _BATCH_NORM),
        engine="numpy",
    ),
    ModelSpec(
        "autoencoder",
        "Autoencoder",
        "Squeezes a digit through a narrow layer of dense units and draws it again.",
        "reconstruct",
        f"{_AUTOENCODERS}:dense_autoencoder",
        (Param("hidden", "Hidden units", 128, 1, 2048, help="Width of the layer before and after the code."), _CODE),
        losses=("bce", "mse"),
    ),
    ModelSpec(
        "conv-autoencoder",
        "Convolutional autoencoder",
        "Shrinks the picture by convolutions to a small code and grows it back.",
        "reconstruct",
        f"{_AUTOENCODERS}:conv_autoencoder",
        (_WIDTH, _CODE),
        losses=("mse", "bce"),
    ),
    ModelSpec(
        "fc-autoencoder",
        "Fully connected autoencoder",
        "Several dense layers down to a code and the same up again.",
        "reconstruct",
        f"{_AUTOENCODERS}:fc_autoencoder",
        (
            Param("hidden", "Hidden layers", "512-256-128", 1, 2048, help="Widths before the code; mirrored after it."),
            Param("code_size", "Code size", 32, 1, 512, help="Numbers that describe one digit."),
            Param(
                "code_relu", "ReLU on the code", False, help="Codes below zero become 0; narrow codes may die of it."
            ),
        ),
        losses=("mse", "bce"),
    ),
    ModelSpec(
        "naive-autoencoder",
        "Naive autoencoder",
        "One hidden layer, 784-256-784: with so many units nothing forces it to find features.",
        "reconstruct",
        f"{_AUTOENCODERS}:naive_autoencoder",
        (
            Param("code_size", "Hidden units", 256, 1, 1024, help="They are the code."),
            Param("activation", "Activation", "sigmoid", choices=("sigmoid", "relu", "tanh")),
        ),
        losses=("mse", "bce"),
    ),
    ModelSpec(
        "sparse-autoencoder",
        "Sparse autoencoder",
        "One wide hidden layer of which only few units may answer to a digit, so that each learns a stroke.",
        "reconstruct",
        f"{_AUTOENCODERS}:sparse_autoencoder",
        (
            Param("code_size", "Hidden units", 256, 1, 1024, help="They are the code."),
            Param(
                "penalty",
                "Sparsity",
                "kl",
                choices=("kl", "l1", "top-k"),
                help="KL holds each unit's mean answer at the target; L1 charges for every answer; "
                "top-k keeps the strongest answers alone.",
            ),
            Param("strength", "Strength", 0.1, 0.0, 100.0, help="Weight of the KL or L1 penalty."),
            Param("target", "Target", 0.05, 0.001, 0.999, help="Share of answers wanted, for KL and top-k."),
        ),
        losses=("mse", "bce"),
    ),
    ModelSpec(
        "linear-autoencoder",
        "Linear autoencoder",
        "No activation at all: the best it can find is the plane that PCA computes.",
        "reconstruct",
        f"{_AUTOENCODERS}:linear_autoencoder",
        (Param("code_size", "Code size", 8, 1, 512, help="Numbers that describe one digit."),),
        losses=("mse",),
    ),
    ModelSpec(
        "vae",
        "Variational autoencoder",
        "Codes are clouds around the origin, so that any place in between decodes to a digit.",
        "reconstruct",
        f"{_AUTOENCODERS}:vae",
        (
            Param("hidden", "Hidden layers", "400", 1, 2048, help="Widths before the code; mirrored after it."),
            _LATENT,
            _BETA,
        ),
        losses=("elbo",),
        prior="normal",
    ),
    ModelSpec(
        "conv-vae",
        "Convolutional VAE",
        "A variational autoencoder that sees by convolutions.",
        "reconstruct",
        f"{_AUTOENCODERS}:conv_vae",
        (_WIDTH, _LATENT, _BETA),
        losses=("elbo",),
        prior="normal",
    ),
    ModelSpec(
        "numpy-autoencoder",
        "Autoencoder from scratch",
        "784-512-256-128-256-512-784 in NumPy alone, with every derivative written out.",
        "reconstruct",
        f"{_NUMPY}:autoencoder",
        (
            Param("hidden", "Hidden layers", "512-256", 1, 2048, help="Widths before the code; mirrored after it."),
            Param("code_size", "Code size", 128, 1, 512, help="Numbers that describe one digit."),
            _SCRATCH_ACTIVATION,
            _INIT,
            _INIT_STD,
        ),
        losses=("mse", "bce"),
        engine="numpy",
    ),
)
