"""All benches, one after the other: `make bench`."""

from __future__ import annotations

from tests.bench import bench_dashboard, bench_storage

if __name__ == "__main__":
    bench_dashboard.main()
    bench_storage.main()
