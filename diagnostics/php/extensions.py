"""Which extension brings a function, a class or a constant. The table was made from PHP's own reflection (extensions.txt)."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

# Part of every PHP: nothing of them is missing because an extension is.
ALWAYS = frozenset({"core", "date", "hash", "json", "pcre", "random", "reflection", "session", "spl", "standard"})
_COMPOSER_HAS_IT_TOO = frozenset({"psr", "ast", "ds"})  # names of extensions that nearly always mean a library
# Extensions that no Debian package brings, by what their names begin with (their own manuals).
_PREFIXES = {
    "oci_": "oci8",
    "oci": "oci8",
    "ibase_": "interbase",
    "fbird_": "interbase",
    "sqlsrv_": "sqlsrv",
    "cubrid_": "cubrid",
    "db2_": "ibm_db2",
    "swoole_": "swoole",
    "geoip_": "geoip",
    "xhprof_": "xhprof",
    "newrelic_": "newrelic",
    "ioncube_": "ionCube Loader",
    "sg_": "SourceGuardian",
    "opcache_": "opcache",
    "apc_": "apcu",
    # Not "event_" and "stats_" alone: plugins that have to do with events or statistics name their own functions so.
    "event_base_": "libevent",
    "event_buffer_": "libevent",
    "event_timer_": "libevent",
    "bcompiler_": "bcompiler",
    "zstd_": "zstd",
    "lz4_": "lz4",
    "brotli_": "brotli",
    "grpc_": "grpc",
    "svn_": "svn",
    "stats_cdf_": "stats",
    "stats_dens_": "stats",
    "stats_rand_": "stats",
    "stats_stat_": "stats",
    "xdiff_": "xdiff",
    "yaz_": "yaz",
    "fann_": "fann",
    "inotify_": "inotify",
    "sybase_": "sybase_ct",
    "xdebug_": "xdebug",
    "vips_": "vips",
    "runkit_": "runkit",
    "runkit7_": "runkit7",
    "imagick_": "imagick",
}
_CLASSES = {
    "swoole": "swoole",
    "oauthprovider": "oauth",
    "gmagick": "gmagick",
    "rdkafka": "rdkafka",
    "couchbase": "couchbase",
    "cassandra": "cassandra",
    "mongoclient": "mongo (for PHP 5)",
    "mongo": "mongo (for PHP 5)",
    "memcachepool": "memcache",
    "relay\\relay": "relay",
    "yar_client": "yar",
    "v8js": "v8js",
    "ev": "ev",
    "eventbase": "event",
    "geoip2": "maxminddb",
    "parallel\\runtime": "parallel",
    "uv": "uv",
    "phpy": "phpy",
}


@lru_cache(maxsize=1)
def _table() -> dict[str, dict[str, str]]:
    """By kind ("functions", "classes", "constants"): name or beginning of a name -> extension."""
    found: dict[str, dict[str, str]] = {"functions": {}, "classes": {}, "constants": {}}
    for line in (Path(__file__).with_name("extensions.txt")).read_text().splitlines()[1:]:
        extension, kind, *names = line.split(" ")
        if extension not in _COMPOSER_HAS_IT_TOO:
            for name in names:
                found[kind].setdefault(name, extension)
    return found


def names() -> frozenset[str]:
    """Of all extensions that are known, in small letters."""
    found = {name for kind in _table().values() for name in kind.values()} | set(_PREFIXES.values()) | set(_CLASSES.values())
    return frozenset(name.lower() for name in found if " " not in name)


def extension_of_function(name: str) -> str:
    """The extension, "" for a function that PHP does not bring."""
    low = name.lower()
    return _table()["functions"].get(low) or next((_PREFIXES[start] for start in _PREFIXES if low.startswith(start)), "")


def extension_of_class(name: str) -> str:
    """The extension, "" for a class that PHP does not bring."""
    low = name.lower().lstrip("\\")
    return _table()["classes"].get(low) or _CLASSES.get(low, "")


def extension_of_constant(name: str) -> str:
    """The extension whose constants begin like this one, "" for others."""
    bare = name.rsplit("\\", 1)[-1]
    return _table()["constants"].get(bare.partition("_")[0], "") if "_" in bare or bare.isupper() else ""
