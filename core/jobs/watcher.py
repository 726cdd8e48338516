"""Ends the process that started it as soon as a file appears, or its folder is gone: `python watcher.py FILE PID`, with
a pipe as stdin.

It ends by itself when the other end of the pipe is closed, as it is when that process ends in whatever way.
"""

import os
import signal
import sys
import threading
import time

_EVERY_S = 0.1


def _end_with_the_pipe() -> None:
    sys.stdin.buffer.read()
    os._exit(0)


def main() -> None:
    """Wait for the file, then end the process."""
    request, watched = sys.argv[1], int(sys.argv[2])
    folder = os.path.dirname(request)  # noqa: PTH120 - pathlib takes longer to import than all the rest
    threading.Thread(target=_end_with_the_pipe, daemon=True).start()
    while os.path.isdir(folder) and not os.path.exists(request):  # noqa: PTH110, PTH112
        time.sleep(_EVERY_S)
    if os.getppid() == watched:  # the number of a process that has ended may be another's by now
        os.kill(watched, getattr(signal, "SIGKILL", signal.SIGTERM))


if __name__ == "__main__":
    main()
