"""A line with a round-trip time: passes TCP on, every byte late by half of it each way, as many bytes as come.

    python -m tests.bench.delay MILLISECONDS PORT...

It listens on 127.0.0.2 at the ports that the servers have on 127.0.0.1, so that FTP's data connections are delayed too: EPSV tells
a port and no address. Runs as a process of its own, so as not to take the time of what is measured. Connecting costs a round trip.

It also counts the round trips that were waited for: a request that is sent a round trip or more after the last counted one begins
another; what is sent meanwhile travels with it. `Line.trips` gives the moment of each.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

NEAR, FAR = "127.0.0.1", "127.0.0.2"
_NEARLY = 0.95  # an answer may be passed on a moment early


class _Trips:
    """When each round trip began, in monotonic seconds, which all processes of a machine share."""

    def __init__(self, rtt_s: float) -> None:
        self.begun: list[float] = []
        self._rtt_s = rtt_s

    def sent(self) -> None:
        now = time.monotonic()
        if not self.begun or now - self.begun[-1] >= self._rtt_s * _NEARLY:
            self.begun.append(now)


async def _pass_on(source: asyncio.StreamReader, sink: asyncio.StreamWriter, late_s: float, trips: _Trips | None = None) -> None:
    on_the_way: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue()

    async def arrive() -> None:
        while True:
            due, data = await on_the_way.get()
            if (left := due - time.monotonic()) > 0:
                await asyncio.sleep(left)
            if sink.is_closing():
                return
            if not data:
                sink.write_eof()
                return
            sink.write(data)

    arriving = asyncio.create_task(arrive())
    try:
        while data := await source.read(262_144):
            on_the_way.put_nowait((time.monotonic() + late_s, data))
            if trips is not None:
                trips.sent()
    finally:
        on_the_way.put_nowait((time.monotonic() + late_s, b""))
        await arriving


async def _connection(near: asyncio.StreamReader, back: asyncio.StreamWriter, port: int, rtt_s: float, trips: _Trips) -> None:
    with contextlib.suppress(OSError):
        trips.sent()
        await asyncio.sleep(rtt_s)
        far, forth = await asyncio.open_connection(NEAR, port)
        for writer in (back, forth):
            writer.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        await asyncio.gather(_pass_on(near, forth, rtt_s / 2, trips), _pass_on(far, back, rtt_s / 2), return_exceptions=True)
        forth.close()
    back.close()


def _tell(trips: _Trips) -> None:
    if sys.stdin.readline():
        print(json.dumps(trips.begun), flush=True)
        trips.begun.clear()


async def _serve(rtt_s: float, ports: Sequence[int]) -> None:
    servers = []
    trips = _Trips(rtt_s)
    for port in ports:
        # The port is bound when the call is made: the loop's variable would be the last one for all.
        def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, port: int = port) -> asyncio.Task[None]:
            return asyncio.ensure_future(_connection(reader, writer, port, rtt_s, trips))

        servers.append(await asyncio.start_server(handle, FAR, port))
    asyncio.get_running_loop().add_reader(sys.stdin, lambda: _tell(trips))
    print("ready", flush=True)
    await asyncio.gather(*(server.serve_forever() for server in servers))


@dataclass
class Line:
    """A line that stands: the address of its far end, and what was counted."""

    address: str
    _process: subprocess.Popen[str] | None = None

    def trips(self) -> list[float]:
        """When each round trip since the last call began, in monotonic seconds; none on a line without delay."""
        if self._process is None or self._process.stdin is None or self._process.stdout is None:
            return []
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        return [float(begun) for begun in json.loads(self._process.stdout.readline())]


@contextlib.contextmanager
def line(milliseconds: float, *ports: int) -> Iterator[Line]:
    """Makes these ports of 127.0.0.1 as far away as that; 0 is no line at all."""
    if not milliseconds:
        yield Line(NEAR)
        return
    command = [sys.executable, "-m", "tests.bench.delay", str(milliseconds), *map(str, ports)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            if process.stdout is None or process.stdout.readline() != "ready\n":
                raise RuntimeError("the delaying line did not come up")
            yield Line(FAR, process)
        finally:
            process.terminate()


@contextlib.contextmanager
def delayed(milliseconds: float, *ports: int) -> Iterator[str]:
    """The address at which these ports of 127.0.0.1 are as far away as that; 127.0.0.1 itself for 0."""
    with line(milliseconds, *ports) as far:
        yield far.address


if __name__ == "__main__":
    asyncio.run(_serve(float(sys.argv[1]) / 1000, [int(port) for port in sys.argv[2:]]))
