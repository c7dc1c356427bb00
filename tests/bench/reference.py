"""The tools that ours is measured against, from Debian: Prometheus with its blackbox exporter."""

from __future__ import annotations

import contextlib
import json
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pycurl

from tests.bench.target import program
from tests.servers import free_port

_BLACKBOX = """modules:
  http_2xx:
    prober: http
    timeout: 10s
    http:
      preferred_ip_protocol: ip4
      tls_config: {{ca_file: {ca_file}}}
"""
_PROMETHEUS = """global: {{scrape_interval: {interval_s}s, scrape_timeout: 10s}}
scrape_configs:
  - job_name: sites
    metrics_path: /probe
    params: {{module: [http_2xx]}}
    file_sd_configs: [{{files: [{folder}/sites.json]}}]
    relabel_configs:
      - {{source_labels: [__address__], target_label: __param_target}}
      - {{source_labels: [__param_target], target_label: instance}}
      - {{target_label: __address__, replacement: "127.0.0.1:{port}"}}
"""


@contextlib.contextmanager
def _process(command: list[str], log: Path, url: str) -> Iterator[int]:
    """A process from the moment it answers at `url` to the end of `with`."""
    with log.open("wb") as output:
        process = subprocess.Popen(command, stdout=output, stderr=output)
    try:
        end = time.monotonic() + 20
        while True:
            try:
                urllib.request.urlopen(url, timeout=1).close()
                break
            except OSError:
                if process.poll() is not None or time.monotonic() > end:
                    raise RuntimeError(f"{command[0]} does not start:\n{log.read_text()[-800:]}") from None
                time.sleep(0.1)
        yield process.pid
    finally:
        process.terminate()
        process.wait(20)


@contextlib.contextmanager
def blackbox(folder: Path, ca_file: Path, *, core: int | None = None) -> Iterator[tuple[int, int]]:
    """The exporter alone: its process id and its port. Raises Missing."""
    folder.mkdir(parents=True, exist_ok=True)
    port = free_port()
    (folder / "blackbox.yml").write_text(_BLACKBOX.format(ca_file=ca_file))
    pin = [] if core is None else ["taskset", "-c", str(core)]
    command = [program("prometheus-blackbox-exporter", "prometheus-blackbox-exporter"), f"--config.file={folder}/blackbox.yml"]
    command += [f"--web.listen-address=127.0.0.1:{port}", "--log.level=error"]
    with _process([*pin, *command], folder / "blackbox.log", f"http://127.0.0.1:{port}/-/healthy") as pid:
        yield pid, port


@contextlib.contextmanager
def prometheus(folder: Path, urls: list[str], interval_s: int, ca_file: Path) -> Iterator[tuple[int, int]]:
    """Both, probing these sites: their process ids. Raises Missing."""
    with blackbox(folder, ca_file) as (exporter, port):
        (folder / "sites.json").write_text(json.dumps([{"targets": urls}]))
        (folder / "prometheus.yml").write_text(_PROMETHEUS.format(interval_s=interval_s, folder=folder, port=port))
        own = free_port()
        command = [program("prometheus", "prometheus"), f"--config.file={folder}/prometheus.yml", f"--storage.tsdb.path={folder}/data"]
        command += [f"--web.listen-address=127.0.0.1:{own}", "--log.level=error"]
        with _process(command, folder / "prometheus.log", f"http://127.0.0.1:{own}/-/healthy") as pid:
            yield pid, exporter


def ask_flat_out(port: int, urls: list[str], at_once: int = 64) -> int:
    """Has the exporter probe each of these once, so many at a time over kept connections; returns how many it answered."""
    multi = pycurl.CurlMulti()
    multi.setopt(pycurl.M_MAXCONNECTS, at_once)
    left = [f"http://127.0.0.1:{port}/probe?module=http_2xx&target={quote(url, safe='')}" for url in reversed(urls)]
    idle = [pycurl.Curl() for _ in range(at_once)]
    running = answered = 0
    while left or running:
        while left and idle:
            curl = idle.pop()
            curl.setopt(pycurl.URL, left.pop())
            curl.setopt(pycurl.WRITEFUNCTION, len)
            multi.add_handle(curl)
            running += 1
        multi.perform()
        _more, well, failed = multi.info_read()
        for curl in (*well, *(curl for curl, _number, _text in failed)):
            multi.remove_handle(curl)
            idle.append(curl)
            running -= 1
        answered += len(well)
        if not well and not failed:
            multi.select(0.1)
    return answered
