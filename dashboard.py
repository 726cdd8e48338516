"""The server: Streamlit, and beside it a live socket for what follows a moving pointer.

`streamlit run dashboard.py` starts it.
"""

import asyncio
import ctypes
import gc
import json
import logging
import time
from collections.abc import AsyncIterator, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from importlib.util import find_spec
from pathlib import Path

import streamlit as st
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Mount, Route, WebSocketRoute
from starlette.staticfiles import StaticFiles
from starlette.types import Scope
from starlette.websockets import WebSocket, WebSocketDisconnect

from core.data import sprites
from core.ink.collection import drawings
from core.jobs import submit
from core.latent import columns, forming
from core.live import draw
from core.live.answer import answer
from core.runs.store import store
from pages.parts.shared import first_page
from pages.parts.web import component
from pages.parts.web.history import HistoryScript

MAX_SOCKETS = 200
MESSAGES_A_SECOND = 240  # a pad asks at most about a hundred times: it waits for each answer
GRACE = 5.0  # seconds until a server whose first page is not out warms up all the same
PAUSE = 1.0  # seconds for the first answers, before what they can do without is loaded
WEEK = "public, max-age=604800"
FOR_EVER = "public, max-age=31536000, immutable"

# One thread: predictions never hold up the event loop, and never fight each other for the cores.
_predictor = ThreadPoolExecutor(max_workers=1, thread_name_prefix="predict")
_sockets: set[WebSocket] = set()
_log = logging.getLogger("digitlab")


class Allowance:
    """A token bucket: so many messages a second, with up to one second's worth saved up."""

    def __init__(self, rate: float = MESSAGES_A_SECOND, clock: Callable[[], float] = time.monotonic) -> None:
        self.rate = self.left = rate
        self.clock = clock
        self.seen = clock()

    def take(self) -> bool:
        """Take one message out of the bucket; False when it is empty."""
        now = self.clock()
        self.left = min(self.rate, self.left + (now - self.seen) * self.rate)
        self.seen = now
        if self.left < 1:
            return False
        self.left -= 1
        return True


async def live_socket(websocket: WebSocket) -> None:
    """Answer one page's questions in order. A socket waits only for itself: a slow reader holds up nobody else."""
    if not same_origin(websocket.headers) or len(_sockets) >= MAX_SOCKETS:
        await websocket.close(1008)  # before accept: the handshake is refused with 403
        return
    await websocket.accept()
    _sockets.add(websocket)
    allowance = Allowance()
    try:
        while (event := await websocket.receive())["type"] == "websocket.receive":
            message = event.get("bytes") or event.get("text") or ""
            if allowance.take():
                reply = await asyncio.get_running_loop().run_in_executor(_predictor, answer, message)
            else:
                reply = json.dumps(
                    {"error": f"More than {MESSAGES_A_SECOND} messages a second: wait for each answer."}
                ).encode()
            await websocket.send_text(reply.decode())
    except WebSocketDisconnect:
        pass  # the page was closed while its answer was on the way
    finally:
        _sockets.discard(websocket)


def same_origin(headers: Headers) -> bool:
    """Say whether a handshake comes from a page of this server, or of one in server.corsAllowedOrigins.

    Without this any website could talk to the server through its visitor's browser. Browsers always send Origin
    with a socket, so one without it is refused, too: a script that wants in can send the header.
    """
    origin, host = headers.get("origin", "").lower(), headers.get("host", "").lower()
    return origin in (f"http://{host}", f"https://{host}", *(st.get_option("server.corsAllowedOrigins") or ()))


async def sprite_sheet(request: Request) -> Response:
    """One PNG of a thousand digits; 404 with a sentence when there is none."""
    path = request.path_params
    try:
        png = await run_in_threadpool(sprites.sheet, path["dataset"], path["split"], path["number"])
    except ValueError as error:
        return PlainTextResponse(str(error), 404)
    return Response(png, media_type="image/png", headers={"Cache-Control": WEEK})


async def column(request: Request) -> Response:
    """One column of a map as raw bytes, see core.latent.columns; 404 with a sentence when there is none."""
    path = request.path_params
    try:
        content = await run_in_threadpool(columns.column_bytes, path["sample"], path["name"], request.query_params)
    except ValueError as error:
        return PlainTextResponse(str(error), 404)
    return Response(content, media_type="application/octet-stream", headers=_kept(request))


async def frames(request: Request) -> Response:
    """The map of a run at every epoch as JSON, see core.latent.forming; 404 with a sentence when there is none."""
    try:
        content = await run_in_threadpool(_formed, request.path_params["method"], request.query_params)
    except ValueError as error:
        return PlainTextResponse(str(error), 404)
    return Response(content, media_type="application/json", headers=_kept(request))


def _formed(method: str, asked: Mapping[str, str]) -> bytes:
    run = store().get(asked.get("run", "")[:200])
    return json.dumps(forming.formed(run, method[:40], asked.get("known", "")[:200])).encode()


def _kept(request: Request) -> dict[str, str]:
    """An address that names a version means the same for ever; any other is asked for again."""
    return {"Cache-Control": WEEK if request.query_params.get("v") else "no-store"}


async def script(request: Request) -> Response:
    """One of the components' modules; 404 for any but those of the fingerprint that the pages name."""
    path = request.path_params
    content = component.scripts().get(path["name"])
    if content is None or path["fingerprint"] != component.fingerprint():
        return PlainTextResponse("There is no such script: reload the page.", 404)
    return Response(content, media_type="text/javascript", headers={"Cache-Control": FOR_EVER})


async def home(request: Request) -> Response:
    """Draw is the default page, so Streamlit knows it as / alone; its name leads there, too."""
    query = f"?{request.url.query}" if request.url.query else ""
    return RedirectResponse(f"./{query}")


class Kept(StaticFiles):
    """Static files that browsers may keep for a week."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        """The file with the header that lets it be kept."""
        response = await super().get_response(path, scope)
        response.headers["Cache-Control"] = WEEK
        return response


def make_routes() -> list[BaseRoute]:
    """The routes beside Streamlit's own, below the same base path."""
    base = str(st.get_option("server.baseUrlPath") or "").strip("/")
    prefix = f"/{base}/digitlab" if base else "/digitlab"
    plotly = find_spec("plotly")
    if plotly is None or plotly.origin is None:
        raise ValueError("plotly is not installed: run pip install -r requirements.txt.")
    return [
        WebSocketRoute(f"{prefix}/live", live_socket),
        Mount(f"{prefix}/plotly", Kept(directory=Path(plotly.origin).parent / "package_data")),
        Route(f"{prefix}/web/{{fingerprint}}/{{name:path}}", script),
        Route(f"{prefix.removesuffix('digitlab')}draw", home),
        Route(f"{prefix}/sprites/{{dataset}}/{{split}}/{{number:int}}.png", sprite_sheet),
        Route(f"{prefix}/columns/{{sample}}/{{name}}.bin", column),
        Route(f"{prefix}/forming/{{method}}.json", frames),
    ]


async def warm_up() -> None:
    """Load what live answers need, and begin jobs only then.

    It waits for the first page, because beside each other both are slow; not for long, where nobody comes.
    """
    gc.disable()  # it would look a dozen times through what the imports are still bringing: a fifth of their time
    submit.hold()
    try:
        await run_in_threadpool(_map_libraries)
        await run_in_threadpool(first_page.sent.wait, GRACE)
        await asyncio.get_running_loop().run_in_executor(_predictor, _load_models)
    finally:
        submit.warm()
        gc.enable()
    await asyncio.sleep(PAUSE)
    await asyncio.get_running_loop().run_in_executor(_predictor, _load_rest)


def _map_libraries() -> None:
    """Have the system map torch's libraries: a fifth of its import, and the one part that holds no page up.

    The rest is Python, which takes turns with the pages' scripts. Elsewhere than on Linux it is all left to the import.
    """
    torch = find_spec("torch")
    library = Path(torch.origin).parent / "lib" / "libtorch_python.so" if torch and torch.origin else None
    if library and library.exists():
        ctypes.CDLL(str(library))


def _load_models() -> None:
    """Load torch and the shipped classifiers, so that the first stroke is answered at once."""
    import core.models.torch_model  # noqa: F401 - where no run ships, too

    shipped = [run.id for run in store().runs("classify") if run.shipped][: draw.MAX_RUNS]
    stroke = [[[0.5, 0.2], [0.5, 0.8]]]
    answer(json.dumps({"kind": "draw", "seq": 0, "strokes": stroke, "width": 0.07, "runs": shipped}))


def _load_rest() -> None:
    """Load what a place on a map is looked up with, and clear up."""
    import scipy.spatial  # noqa: F401 - imported for its effect

    gc.collect()  # after the imports, so that only what lives forever ...
    gc.freeze()  # ... is taken out of later collections, which torch's objects make 250 ms long
    store().sweep()
    drawings().trash.folder.sweep()


def _report(warming: asyncio.Task[None]) -> None:
    if not warming.cancelled() and (error := warming.exception()):
        _log.error("The warm-up failed; the first answers will be slow.", exc_info=error)


@asynccontextmanager
async def lifespan(_app: st.App) -> AsyncIterator[None]:
    """Warm up in the predictor's thread once the server runs."""
    warming = asyncio.create_task(warm_up())
    warming.add_done_callback(_report)
    yield
    warming.cancel()


app = st.App("pages/navigation.py", routes=make_routes(), lifespan=lifespan, middleware=[Middleware(HistoryScript)])
