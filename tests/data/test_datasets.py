"""Data sets: what they hold, and that a half-written, damaged or missing file is never taken for a whole one."""

import gzip
import hashlib
import http.server
import threading
from dataclasses import replace
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from filelock import FileLock

from core import paths
from core.data import datasets, fetch
from core.data.datasets import DATASETS, DatasetSpec, Downloads, File, Split
from core.training.settings import SETTINGS

HERE = [name for name in DATASETS if datasets.is_ready(name)]  # choose one on the Train page to fetch it


@pytest.mark.parametrize("name", DATASETS)
def test_every_row_says_what_it_is(name):
    row = DATASETS[name]
    assert row.name == name
    assert row.title
    assert row.blurb.endswith(".")
    assert len(set(row.classes)) == 10
    assert 0 < row.train_count <= SETTINGS["train_size"].high
    assert all(file.size > 0 and not Path(file.path).is_absolute() for file in row.files)
    if row.downloads is not None:
        found = row.downloads()
        assert len(found.archives) == len(row.files)
        assert all(mirror.endswith("/") for mirror in found.mirrors)


@pytest.mark.parametrize("name", HERE)
def test_every_data_set_is_pictures_in_ten_classes_that_nobody_can_change(name):
    found = datasets.load(name)
    assert (found.name, found.classes) == (name, DATASETS[name].classes)
    assert len(found.train) == DATASETS[name].train_count
    for split in (found.train, found.test):
        assert split.images.shape == (len(split), 28, 28)
        assert split.labels.shape == (len(split),)
        assert (split.images.dtype, split.labels.dtype) == (np.uint8, np.int64)
        assert set(split.labels.tolist()) == set(range(10))
        assert split.images.max() > 200
        for array in (split.images, split.labels):
            with pytest.raises(ValueError, match="read-only"):
                array[0] = 1
    assert datasets.load(name) is found


@pytest.mark.parametrize(("one", "other"), [*combinations(HERE, 2)])
def test_no_data_set_is_another(one, other):
    first, second = datasets.load(one), datasets.load(other)
    assert not np.array_equal(first.test.images[:100], second.test.images[:100])


def test_embedded_digits():
    digits = datasets.load("digits")
    assert len(digits.train) + len(digits.test) == 1797
    for split in (digits.train, digits.test):
        assert split.images.shape == (len(split), 28, 28)
        assert split.images.dtype == np.uint8
        assert split.labels.dtype == np.int64
        assert set(split.labels) == set(range(10))
        assert not split.images.flags.writeable
        assert split.images.max() > 240
        assert (split.images[:, 0].max(), split.images[:, :, 0].max()) == (0, 0)
    assert datasets.load("digits") is digits


def test_embedded_digits_are_scikit_learns():
    from sklearn.datasets import load_digits

    digits, theirs = datasets.load("digits"), load_digits()
    train = np.arange(1797) % 5 != 4
    np.testing.assert_array_equal(digits.train.labels, theirs.target[train])
    np.testing.assert_array_equal(digits.test.labels, theirs.target[~train])
    np.testing.assert_array_equal(digits.train.images[0], datasets._enlarge(theirs.images[0]))


def test_embedded_digits_are_centred_like_mnist():
    images = datasets.load("digits").train.images.astype(float)
    mass = images.sum((1, 2))
    for axis in (1, 2):
        centre = (images.sum(3 - axis) * np.arange(28)).sum(1) / mass
        assert np.abs(centre - 13.5).max() <= 1.0


def test_mnist_is_the_real_one(mnist):
    whole = (paths.data_dir() / "MNIST" / "raw" / "train-images-idx3-ubyte").read_bytes()
    assert hashlib.md5(whole).hexdigest() == "6bbc9ace898e44ae57da46a324031adb"
    assert whole[16:] == mnist.train.images.tobytes()
    assert mnist.train.images.shape == (60_000, 28, 28)
    assert mnist.test.images.shape == (10_000, 28, 28)
    assert mnist.test.labels[:5].tolist() == [7, 2, 1, 0, 4]
    assert not mnist.train.images.flags.writeable
    with pytest.raises(ValueError, match="read-only"):
        mnist.train.images[0, 0, 0] = 1


def test_mnist_agrees_with_torchvision(mnist):
    from torchvision.datasets import MNIST

    theirs = MNIST(root=str(paths.data_dir()), train=False, download=False)
    np.testing.assert_array_equal(theirs.data.numpy(), mnist.test.images)
    np.testing.assert_array_equal(theirs.targets.numpy(), mnist.test.labels)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("DIGITLAB_DATA", str(tmp_path))
    return tmp_path


def test_absent_set_says_what_to_do(folder):
    assert not datasets.is_ready("mnist")
    assert fetch.fetch_state("mnist").state == "absent"
    with pytest.raises(datasets.DatasetUnavailable, match="embedded digits"):
        datasets.load("mnist")


def test_unknown_set_is_named():
    for call in (datasets.load, datasets.is_ready, fetch.fetch_state, fetch.fetch):
        with pytest.raises(ValueError, match=r"cifar.*mnist"):
            call("cifar")


class Mirror:
    """A mirror of made-up archives on the loopback: small files in the raw format's names and sizes."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.asked, self.damage = folder, [], ""
        mirror = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                mirror.asked.append(self.path)
                content = (mirror.folder / self.path.strip("/")).read_bytes()
                whole = len(content)
                if mirror.damage == "cut":
                    content = content[: whole // 2]
                elif mirror.damage == "wrong":
                    content = content[:-1] + bytes([content[-1] ^ 1])
                self.send_response(503 if mirror.damage == "busy" else 200)
                self.send_header("Content-Length", str(whole))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *args):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


@pytest.fixture
def mirror(tmp_path_factory, monkeypatch):
    """A mirror that serves made-up MNIST archives, with torchvision's table pointing to it."""
    import torchvision

    folder = tmp_path_factory.mktemp("mirror")
    resources = []
    for file, header, item, count in datasets.FILES:
        magic = b"\x00\x00\x08\x03" if item > 1 else b"\x00\x00\x08\x01"
        archive = gzip.compress(magic + bytes(header - 4) + bytes(item * count), 1)
        (folder / f"{file}.gz").write_bytes(archive)
        resources.append((f"{file}.gz", hashlib.md5(archive).hexdigest()))
    mirror = Mirror(folder)
    monkeypatch.setattr(torchvision.datasets.MNIST, "mirrors", [mirror.url])
    monkeypatch.setattr(torchvision.datasets.MNIST, "resources", resources)
    yield mirror
    mirror.server.shutdown()


def test_fetch_reports_progress_and_brings_whole_files(folder, mirror):
    shares = []
    fetch.fetch("mnist", lambda share, message: shares.append(share))
    assert shares == sorted(shares)
    assert shares[0] == 0
    assert shares[-1] == 1
    assert fetch.fetch_state("mnist").state == "ready"
    assert datasets.load("mnist").train.images.shape == (60_000, 28, 28)
    assert not list(folder.rglob("*.part"))
    asked = len(mirror.asked)
    fetch.fetch("mnist")
    assert len(mirror.asked) == asked  # nothing is downloaded twice


@pytest.mark.parametrize(
    ("damage", "reason"), [("cut", "checksum|more expected"), ("wrong", "checksum"), ("busy", "503")]
)
def test_damaged_download_is_never_taken_for_a_whole_one(folder, mirror, damage, reason):
    mirror.damage = damage
    with pytest.raises(datasets.DatasetUnavailable, match=reason):
        fetch.fetch("mnist")
    assert len(mirror.asked) == 2  # it was tried again
    assert not datasets.is_ready("mnist")
    state = fetch.fetch_state("mnist")
    assert state.state == "failed"
    assert "127.0.0.1" in state.message
    mirror.damage = ""
    fetch.fetch("mnist")
    assert fetch.fetch_state("mnist").state == "ready"


def test_second_mirror_serves_when_the_first_does_not(folder, mirror):
    fetch.fetch("mnist", mirrors=["http://127.0.0.1:9/", mirror.url])
    assert datasets.is_ready("mnist")


def test_only_what_is_missing_is_fetched_again(folder, mirror):
    fetch.fetch("mnist")
    torn = folder / "MNIST" / "raw" / "t10k-images-idx3-ubyte"
    torn.write_bytes(torn.read_bytes()[:1000])
    assert not datasets.is_ready("mnist")
    mirror.asked.clear()
    fetch.fetch("mnist")
    assert mirror.asked == ["/t10k-images-idx3-ubyte.gz"]


def test_file_of_the_right_size_that_is_no_idx_file_is_refused(folder, mirror):
    fetch.fetch("mnist")
    path = folder / "MNIST" / "raw" / "t10k-images-idx3-ubyte"
    path.write_bytes(b"x" * path.stat().st_size)
    with pytest.raises(datasets.DatasetUnavailable, match="not an IDX file"):
        datasets.load("mnist")


def _bars() -> tuple[Split, Split]:
    (level,) = np.fromfile(paths.data_dir() / "bars" / "level", np.uint8)
    return Split(np.full((20, 28, 28), level), np.arange(20) % 10), Split(
        np.zeros((10, 28, 28), np.uint8), np.arange(10)
    )


@pytest.fixture
def bars(monkeypatch):
    """A data set of somebody's own: a function and a row, with a file and an address of its own."""
    row = DatasetSpec("bars", "Bars", "Made up.", tuple("abcdefghij"), _bars, 20, files=(File("bars/level", 1),))
    monkeypatch.setitem(DATASETS, "bars", row)
    return row


def test_a_data_set_is_one_function_and_one_row(folder, mirror, bars, monkeypatch):
    assert not datasets.is_ready("bars")
    archive = gzip.compress(bytes([201]))
    (mirror.folder / "bars.gz").write_bytes(archive)
    found = Downloads((mirror.url,), (("bars.gz", hashlib.md5(archive).hexdigest()),))
    monkeypatch.setitem(DATASETS, "bars", replace(bars, downloads=lambda: found))
    fetch.fetch("bars")
    assert mirror.asked == ["/bars.gz"]
    assert fetch.fetch_state("bars").state == "ready"
    opened = datasets.load("bars")
    assert (opened.train.images.max(), opened.classes[3]) == (201, "d")
    assert not opened.train.images.flags.writeable


def test_a_data_set_that_nobody_offers_is_put_there_by_hand(folder, bars):
    with pytest.raises(datasets.DatasetUnavailable, match="Put bars/level into"):
        fetch.fetch("bars")
    assert "Put bars/level into" in fetch.fetch_state("bars").message
    (folder / "bars").mkdir()
    (folder / "bars" / "level").write_bytes(b"\x09")
    fetch.fetch("bars")
    assert datasets.load("bars").train.images.max() == 9


def test_state_is_fetching_while_another_process_holds_the_lock(folder):
    with FileLock(folder / ".fetch-mnist.lock"):
        assert fetch.fetch_state("mnist").state == "fetching"
    assert fetch.fetch_state("mnist").state == "absent"


def test_archive_that_unpacks_to_too_much_is_refused(tmp_path):
    target = tmp_path / "file"
    archive = tmp_path / "file.gz"
    archive.write_bytes(gzip.compress(bytes(10_000_000)))
    with pytest.raises(ValueError, match="bytes instead of 100"):
        fetch._unpack(archive, target, 100)
    assert not target.exists()
