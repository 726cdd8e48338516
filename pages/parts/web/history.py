"""Puts history.js and early.js into the page that Streamlit serves, ahead of its own scripts: they run first."""

import json
from functools import lru_cache

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from pages.parts.web.component import fingerprint, scripts

_LIBRARY = '"./plotly.js"'  # in early.js: what is replaced by its address
# With these a browser would be sent the page packed, or told that the one it has kept, perhaps without ours, will do.
_UNWANTED = (b"accept-encoding", b"if-none-match", b"if-modified-since")


@lru_cache(maxsize=1)
def _scripts() -> bytes:
    address = json.dumps(f"./digitlab/web/{fingerprint()}/figure/plotly.js")
    early = scripts()["web/early.js"].decode().replace(_LIBRARY, address)
    return f"<script>{scripts()['web/history.js'].decode()}</script><script>{early}</script>".encode()


class HistoryScript:
    """ASGI middleware; only pages are touched, nothing else is looked into."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request as the app does, a page with the scripts at the beginning of its head."""
        if scope["type"] != "http" or "text/html" not in Headers(scope=scope).get("accept", ""):
            await self.app(scope, receive, send)
            return
        headers = [pair for pair in scope["headers"] if pair[0] not in _UNWANTED]
        start: Message | None = None
        body = b""

        async def edit(message: Message) -> None:
            nonlocal start, body
            if message["type"] == "http.response.start":
                if "text/html" in Headers(raw=message["headers"]).get("content-type", ""):
                    start = message
                    return
            elif start is not None and message["type"] == "http.response.body":
                body += message.get("body", b"")
                if message.get("more_body"):
                    return
                whole = body.replace(b"<head>", b"<head>" + _scripts(), 1)
                MutableHeaders(raw=start["headers"])["content-length"] = str(len(whole))
                await send(start)
                message = {"type": "http.response.body", "body": whole}
            await send(message)

        await self.app({**scope, "headers": headers}, receive, edit)
