"""Whether a long lesson leaves the server's memory as it was. Run by hand:

    python -m tests.benchmarks.pen_memory [--hours H] [--sockets N]

It starts a dashboard of its own and replays what so many hours of drawing send: a digit every six seconds, asked about
at thirty of its points, with its growth and its place on a map at its end; at the speed of the answers.
"""

import argparse
import asyncio
import json
import tempfile
import time
from pathlib import Path

import numpy as np

from core.ink.render import prefix
from tests.server import Dashboard, running

RUNS = ["cnn", "softmax", "autoencoder"]
DIGIT = [[0.30, 0.25], [0.48, 0.15], [0.66, 0.28], [0.50, 0.47], [0.70, 0.63], [0.52, 0.84], [0.30, 0.75]]
DIGITS_AN_HOUR, ASKED, LOOKS = 600, 30, 21


def resident(dashboard: Dashboard) -> float:
    """The server's resident memory in MB."""
    status = Path(f"/proc/{dashboard.process.pid}/status").read_text(encoding="ascii")
    return int(status.split("VmRSS:")[1].split()[0]) / 1024


async def replay(dashboard: Dashboard, hours: float, sockets: int) -> None:
    """Draw everything, and print the memory at LOOKS times of equal distance."""
    from websockets.asyncio.client import connect

    rng = np.random.default_rng(0)
    digits = round(hours * DIGITS_AN_HOUR)
    done = 0

    async def one(number: int) -> None:
        nonlocal done
        address = f"ws://127.0.0.1:{dashboard.port}/digitlab/live"
        async with connect(address, origin=dashboard.url) as live:
            for _ in range(number, digits, sockets):
                stroke = np.array(DIGIT) * rng.uniform(0.4, 1.1) + rng.uniform(-0.1, 0.1, 2)
                for share in np.linspace(1 / ASKED, 1, ASKED):
                    await ask(live, "draw", [stroke], share, runs=RUNS, map={"run": "vae-2", "method": "pca"})
                await ask(live, "growth", [stroke], 1.0, run="cnn")
                done += 1

    async def ask(live, kind: str, strokes: list[np.ndarray], share: float, **wishes: object) -> None:
        drawn = [part.round(4).tolist() for part in prefix(strokes, share)]
        await live.send(json.dumps({"kind": kind, "seq": 1, "strokes": drawn, "width": 0.07, **wishes}))
        reply = json.loads(await live.recv())
        if "error" in reply:
            raise SystemExit(f"The server answers: {reply['error']}")

    everybody = asyncio.gather(*(one(number) for number in range(sockets)))
    start = time.monotonic()
    for look in range(LOOKS):
        while done < look * digits / (LOOKS - 1) and not everybody.done():
            await asyncio.sleep(0.2)
        minutes = (time.monotonic() - start) / 60
        drawn = done / DIGITS_AN_HOUR
        print(f"{drawn:5.1f} hours drawn in {minutes:5.1f} minutes: {resident(dashboard):7.1f} MB", flush=True)
    await everybody


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--hours", type=float, default=10.0)
    parser.add_argument("--sockets", type=int, default=4)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, running(Path(folder)) as dashboard:
        asyncio.run(replay(dashboard, options.hours, options.sockets))


if __name__ == "__main__":
    main()
