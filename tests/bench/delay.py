"""A line with a round-trip time: passes TCP on, every byte late by half of it each way, as many bytes as come.

    python -m tests.bench.delay MILLISECONDS PORT...

It listens on 127.0.0.2 at the ports that the servers have on 127.0.0.1, so that FTP's data connections are delayed too: EPSV tells
a port and no address. Runs as a process of its own, so as not to take the time of what is measured. Connecting costs a round trip.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence

NEAR, FAR = "127.0.0.1", "127.0.0.2"


async def _pass_on(source: asyncio.StreamReader, sink: asyncio.StreamWriter, late_s: float) -> None:
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
    finally:
        on_the_way.put_nowait((time.monotonic() + late_s, b""))
        await arriving


async def _connection(near: asyncio.StreamReader, back: asyncio.StreamWriter, port: int, rtt_s: float) -> None:
    with contextlib.suppress(OSError):
        await asyncio.sleep(rtt_s)
        far, forth = await asyncio.open_connection(NEAR, port)
        for writer in (back, forth):
            writer.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        await asyncio.gather(_pass_on(near, forth, rtt_s / 2), _pass_on(far, back, rtt_s / 2), return_exceptions=True)
        forth.close()
    back.close()


async def _serve(rtt_s: float, ports: Sequence[int]) -> None:
    servers = []
    for port in ports:
        # The port is bound when the call is made: the loop's variable would be the last one for all.
        def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, port: int = port) -> asyncio.Task[None]:
            return asyncio.ensure_future(_connection(reader, writer, port, rtt_s))

        servers.append(await asyncio.start_server(handle, FAR, port))
    print("ready", flush=True)
    await asyncio.gather(*(server.serve_forever() for server in servers))


@contextlib.contextmanager
def delayed(milliseconds: float, *ports: int) -> Iterator[str]:
    """The address at which these ports of 127.0.0.1 are as far away as that; 127.0.0.1 itself for 0."""
    if not milliseconds:
        yield NEAR
        return
    command = [sys.executable, "-m", "tests.bench.delay", str(milliseconds), *map(str, ports)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            if process.stdout is None or process.stdout.readline() != "ready\n":
                raise RuntimeError("the delaying line did not come up")
            yield FAR
        finally:
            process.terminate()


if __name__ == "__main__":
    asyncio.run(_serve(float(sys.argv[1]) / 1000, [int(port) for port in sys.argv[2:]]))
