"""dashboard.py: the live socket and the picture routes, asked over real connections; and its rules, one by one."""

import asyncio
import base64
import gc
import json
import re
import socket
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from starlette.datastructures import Headers
from streamlit.testing.v1 import AppTest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import ClientConnection, connect

import dashboard
from core.data import datasets
from core.jobs import submit
from core.latent.maps import MAPS
from core.runs import recorder
from core.runs.store import RunStore
from pages.parts.shared import first_page
from pages.parts.web import component
from tests.conftest import ROOT, compute, small
from tests.server import running

_Allowance = dashboard.Allowance
DRAW = {"kind": "draw", "seq": 1, "strokes": [[[0.3, 0.2], [0.6, 0.8]]], "width": 0.07}


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """A dashboard on a free port with two small trained runs: "reader", and "painter" with its PCA map."""
    folder = tmp_path_factory.mktemp("dashboard")
    runs = RunStore(folder / "runs")
    recorder.train(runs.add("reader", small(), "Reader", shipped=True))
    painter = runs.add("painter", small("autoencoder", params={"hidden": 16, "code_size": 4}), "Painter", shipped=True)
    recorder.train(painter)
    compute(MAPS, painter, "pca", "test")
    with running(folder, shipped=False) as started:
        yield started.port


def open_socket(port: int, origin: str | None = "") -> ClientConnection:
    """The live socket, as a page of this server opens it; another Origin if one is given."""
    origin = f"http://127.0.0.1:{port}" if origin == "" else origin
    return connect(f"ws://127.0.0.1:{port}/digitlab/live", origin=origin, open_timeout=60)  # type: ignore[arg-type]


def answered(live_socket: ClientConnection, message: str | bytes) -> dict[str, Any]:
    live_socket.send(message)
    reply: dict[str, Any] = json.loads(live_socket.recv(timeout=60))
    return reply


def fetched(port: int, path: str) -> tuple[int, bytes, dict[str, str]]:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=60) as response:
            return response.status, response.read(), dict(response.headers)
    except urllib.error.HTTPError as error:
        return error.code, error.read(), dict(error.headers)


def test_a_drawing_is_answered(port: int) -> None:
    with open_socket(port) as pad:
        reply = answered(pad, json.dumps({**DRAW, "runs": ["reader"]}))
        assert len(reply["answers"]["reader"]) == 10
        assert abs(sum(reply["answers"]["reader"]) - 1) < 1e-3


@pytest.mark.parametrize("origin", ["http://evil.example", "http://127.0.0.1:1", "null", "http://127.0.0.1", None])
def test_another_sites_page_is_refused(port: int, origin: str | None) -> None:
    with pytest.raises(InvalidStatus) as refusal:
        open_socket(port, origin)
    assert refusal.value.response.status_code == 403


def test_hostile_messages_are_answered_and_the_connection_is_kept(port: int) -> None:
    rng = np.random.default_rng(0)
    hostile: list[str | bytes] = [
        rng.bytes(2000),
        "x" * 10_000_000,
        rng.bytes(10_000_000),
        json.dumps({**DRAW, "strokes": [[[0.1, 0.1]]] * 10_000, "runs": []}),
        '{"kind":"draw","seq":1,"strokes":[[[NaN,1]]],"width":0.07,"runs":[]}',
        "",
        b"",
    ]
    with open_socket(port) as pad:
        for message in hostile:
            assert "error" in answered(pad, message)
        assert "answers" in answered(pad, json.dumps({**DRAW, "runs": ["reader"]}))


def test_a_client_that_leaves_before_its_answer_harms_nobody(port: int) -> None:
    for _ in range(5):
        with open_socket(port) as rude:
            rude.send(json.dumps({**DRAW, "runs": ["reader"]}))
            rude.socket.shutdown(socket.SHUT_RDWR)
    with open_socket(port) as pad:
        assert "answers" in answered(pad, json.dumps({**DRAW, "runs": ["reader"]}))


def test_sprite_sheets_and_plotly_are_served_to_be_kept(port: int) -> None:
    status, body, headers = fetched(port, "/digitlab/sprites/digits/test/0.png")
    assert status == 200
    assert body.startswith(b"\x89PNG")
    assert "max-age" in headers["cache-control"]
    status, body, headers = fetched(port, "/digitlab/plotly/plotly.min.js")
    assert status == 200
    assert "max-age" in headers["cache-control"]


def test_scripts_are_served_to_be_kept_for_ever_at_the_address_of_their_fingerprint(port: int) -> None:
    address = f"/digitlab/web/{component.fingerprint()}"
    for name, content in component.scripts().items():
        status, body, headers = fetched(port, f"{address}/{name}")
        assert (status, body) == (200, content)
        assert headers["content-type"].startswith("text/javascript")
        assert "immutable" in headers["cache-control"]


@pytest.mark.parametrize(
    "path",
    [
        "0123456789abcdef/pad/pad.js",
        "{}/pad/component.py",
        "{}/pad/pad.css",
        "{}/tsconfig.json",
        "{}/package.json",
        "{}/pad",
        "{}/",
        "{}/../../pages/parts/pad/pad.js",
        "{}/%2e%2e/parts/pad/pad.js",
        "{}/pad/..%2fpad/pad.js",
        "{}//pad/pad.js",
    ],
)
def test_nothing_but_the_scripts_of_now_is_served_with_them(port: int, path: str) -> None:
    status, body, headers = fetched(port, "/digitlab/web/" + path.format(component.fingerprint()))
    assert status in (400, 404)
    assert b"import" not in body
    assert "max-age" not in headers.get("cache-control", "")


def test_columns_are_raw_bytes_kept_where_they_name_a_version(port: int) -> None:
    asked = "/digitlab/columns/test/points.bin?run=painter&method=pca"
    status, body, headers = fetched(port, f"{asked}&v=1")
    assert status == 200
    assert np.isfinite(np.frombuffer(body, "<f4").reshape(359, 2)).all()
    assert (headers["cache-control"], headers["content-length"]) == (dashboard.WEEK, str(359 * 8))
    assert fetched(port, asked)[2]["cache-control"] == "no-store"
    labels = np.frombuffer(fetched(port, asked.replace("points", "class"))[1], np.uint8)
    np.testing.assert_array_equal(labels, datasets.load("digits").test.labels)


def test_frames_come_once_and_then_their_version_alone(port: int) -> None:
    asked = "/digitlab/forming/pca.json?run=painter"
    status, body, headers = fetched(port, asked)
    frames = json.loads(body)
    assert (status, headers["cache-control"], frames["training"]) == (200, "no-store", False)
    points = np.frombuffer(base64.b64decode(frames["points"]), "<f4").reshape(len(frames["steps"]), frames["n"], 2)
    assert np.isfinite(points).all()
    assert len(points) > 1
    again = json.loads(fetched(port, f"{asked}&known={frames['version']}")[1])
    assert again == {"version": frames["version"], "same": True}
    assert "error" in json.loads(fetched(port, "/digitlab/forming/umap.json?run=painter")[1])


@pytest.mark.parametrize(
    "path",
    [
        "columns/test/points.bin",
        "columns/test/points.bin?run=nobody&method=pca",
        "columns/test/points.bin?run=painter&method=tsne&v=1",
        "columns/test/points.bin?run=..%2Fpainter&method=pca",
        "columns/most/points.bin?run=painter&method=pca",
        "columns/test/weights.bin?run=painter",
        "columns/test/%2e%2e%2fconfig.bin?run=painter",
        "forming/pca.json?run=nobody",
        "forming/pca.json",
        "sprites/nothing/test/0.png",
        "sprites/digits/both/0.png",
        "sprites/digits/test/99.png",
        "plotly/nothing.js",
        "plotly/../__init__.py",
        "plotly/%2e%2e/__init__.py",
    ],
)
def test_what_is_not_there_is_a_404(port: int, path: str) -> None:
    status, body, headers = fetched(port, f"/digitlab/{path}")
    assert status in (400, 404)
    assert b"Traceback" not in body
    assert "max-age" not in headers.get("cache-control", "")
    if not path.startswith(("plotly", "columns/test/%2e")):
        assert body.endswith(b".")


class Client:
    """A page at the other end of `live_socket`, without a network: it sends its messages and collects the replies."""

    def __init__(self, messages: list[str], reads: bool = True) -> None:
        self.headers = Headers({"origin": "http://lab:80", "host": "lab:80"})
        self.messages, self.replies, self.reads = list(messages), list[dict[str, Any]](), reads
        self.refused = False
        self.stuck = asyncio.Event()

    async def accept(self) -> None: ...

    async def close(self, code: int) -> None:
        self.refused = True

    async def receive(self) -> dict[str, Any]:
        await asyncio.sleep(0)
        if self.messages:
            return {"type": "websocket.receive", "text": self.messages.pop(0)}
        return {"type": "websocket.disconnect", "code": 1000}

    async def send_text(self, text: str) -> None:
        if not self.reads:
            self.stuck.set()
            await asyncio.Event().wait()  # its buffers are full and it never reads
        self.replies.append(json.loads(text))


def serve(client: Client) -> Any:
    return dashboard.live_socket(client)  # type: ignore[arg-type]


def test_a_slow_reader_does_not_hold_up_another_client(runs: RunStore) -> None:
    async def scene() -> None:
        messages = [json.dumps({**DRAW, "runs": []})] * 5
        slow, quick = Client(messages, reads=False), Client(messages)
        waiting = asyncio.create_task(serve(slow))
        await asyncio.wait_for(slow.stuck.wait(), 60)
        await asyncio.wait_for(serve(quick), 60)
        assert len(quick.replies) == 5
        assert not slow.replies
        waiting.cancel()

    asyncio.run(scene())


def test_a_slow_prediction_does_not_hold_up_the_event_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    release, threads = threading.Event(), set[str]()

    def answer(message: str) -> bytes:
        threads.add(threading.current_thread().name)
        release.wait(60)
        return b"{}"

    async def scene() -> None:
        client = Client(["{}"])
        task = asyncio.create_task(serve(client))
        for _ in range(100):
            await asyncio.sleep(0)
        assert not client.replies  # the loop went on while the answer was being thought of
        release.set()
        await asyncio.wait_for(task, 60)
        assert client.replies == [{}]

    monkeypatch.setattr(dashboard, "answer", answer)
    asyncio.run(scene())
    assert all(name.startswith("predict") for name in threads)


@pytest.mark.parametrize("visited", [True, False])
def test_the_server_warms_up_behind_its_first_page_or_when_nobody_comes(
    visited: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps: list[str] = []
    sent = threading.Event()
    monkeypatch.setattr(first_page, "sent", sent)
    monkeypatch.setattr(dashboard, "GRACE", 60.0 if visited else 0.0)
    monkeypatch.setattr(dashboard, "PAUSE", 0.0)
    for name in ("_load_models", "_load_rest"):
        monkeypatch.setattr(dashboard, name, lambda name=name: steps.append(name))
    for name in ("hold", "warm"):
        monkeypatch.setattr(submit, name, lambda name=name: steps.append(name))

    async def scene() -> None:
        warming = asyncio.create_task(dashboard.warm_up())
        if visited:
            for _ in range(100):
                await asyncio.sleep(0)
            assert steps == ["hold"]
            sent.set()
        await asyncio.wait_for(warming, 60)
        assert steps == ["hold", "_load_models", "warm", "_load_rest"]

    asyncio.run(scene())


def test_jobs_begin_and_memory_is_cleared_up_also_where_the_models_cannot_be_loaded(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    steps: list[str] = []

    def fail() -> None:
        raise OSError("no torch")

    monkeypatch.setattr(dashboard, "GRACE", 0.0)
    monkeypatch.setattr(dashboard, "_load_models", fail)
    for name in ("hold", "warm"):
        monkeypatch.setattr(submit, name, lambda name=name: steps.append(name))
    with pytest.raises(OSError, match="no torch"):
        asyncio.run(dashboard.warm_up())
    assert steps == ["hold", "warm"]
    assert gc.isenabled()


def test_a_page_says_that_it_was_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(first_page, "sent", threading.Event())
    AppTest.from_file(str(ROOT / "pages" / "navigation.py"), default_timeout=60).run()
    assert first_page.sent.is_set()


def test_too_many_messages_are_answered_with_an_error_and_the_connection_is_kept(
    runs: RunStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dashboard, "Allowance", lambda: _Allowance(3, clock=lambda: 0.0))
    client = Client([json.dumps({**DRAW, "runs": []})] * 10)
    asyncio.run(serve(client))
    assert ["error" in reply for reply in client.replies] == [False] * 3 + [True] * 7
    assert "wait for each answer" in client.replies[-1]["error"]


def test_the_allowance_fills_up_again_but_not_without_end() -> None:
    now = [0.0]
    allowance = dashboard.Allowance(rate=10, clock=lambda: now[0])
    assert [allowance.take() for _ in range(11)] == [True] * 10 + [False]
    now[0] = 0.25
    assert [allowance.take() for _ in range(3)] == [True, True, False]
    now[0] = 1000.0
    assert [allowance.take() for _ in range(11)] == [True] * 10 + [False]


def test_there_is_a_limit_to_the_sockets_and_closed_ones_do_not_count(
    runs: RunStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dashboard, "MAX_SOCKETS", 1)

    async def scene() -> None:
        first, second, third = Client(["{}"], reads=False), Client(["{}"]), Client(["{}"])
        task = asyncio.create_task(serve(first))
        await asyncio.wait_for(first.stuck.wait(), 60)
        await serve(second)
        assert second.refused
        assert not second.replies
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await asyncio.wait_for(serve(third), 60)
        assert len(third.replies) == 1

    asyncio.run(scene())


@pytest.mark.parametrize(
    ("origin", "host", "same"),
    [
        ("http://localhost:8501", "localhost:8501", True),
        ("https://Lab.Example", "lab.example", True),
        ("http://localhost:8502", "localhost:8501", False),
        ("http://evil.example/localhost:8501", "localhost:8501", False),
        ("http://localhost:8501.evil.example", "localhost:8501", False),
        ("null", "localhost:8501", False),
        ("", "", False),
        ("http://[", "localhost:8501", False),
    ],
)
def test_same_origin(origin: str, host: str, same: bool) -> None:
    assert dashboard.same_origin(Headers({"origin": origin, "host": host})) is same


@pytest.mark.parametrize("path", ["", "train", "runs?run=cnn"])
def test_a_page_begins_with_the_script_that_keeps_one_entry_of_history_for_it(port: int, path: str) -> None:
    headers = {"Accept": "text/html,*/*", "Accept-Encoding": "gzip, br", "If-None-Match": "*"}
    request = urllib.request.Request(f"http://127.0.0.1:{port}/{path}", headers=headers)
    with urllib.request.urlopen(request, timeout=60) as response:
        page = response.read()
        assert int(response.headers["content-length"]) == len(page)
        assert "text/html" in response.headers["content-type"]
    assert page.count(b"history.pushState = ") == 1
    assert page.index(b"history.pushState = ") < page.index(b"<script", page.index(b"</script>"))
    ((library,),) = [re.findall(rb'LIBRARY = "\./([^"]*)"', page)]
    status, script, _ = fetched(port, f"/{library.decode()}")
    assert (status, b"loadPlotly" in script) == (200, True)


def test_what_is_no_page_is_sent_as_it_is(port: int) -> None:
    request = urllib.request.Request(f"http://127.0.0.1:{port}/_stcore/health", headers={"Accept": "text/html"})
    with urllib.request.urlopen(request, timeout=60) as response:
        assert response.read() == b"ok"
