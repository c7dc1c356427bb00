"""Since and until which version PHP has a function or a class (PHP's migration guides and NEWS), and how a site tells its version."""

from __future__ import annotations

import re

Version = tuple[int, int]


def _table(text: str) -> dict[Version, str]:
    """Of lines that begin with a version and name what came or went with it; a line that begins with blanks goes on."""
    found: dict[Version, str] = {}
    for line in text.replace("\n ", " ").strip().splitlines():
        version, _blank, names = line.partition(" ")
        major, minor = version.split(".")
        found[int(major), int(minor)] = names
    return found


_FUNCTIONS = _table("""
5.4 http_response_code hex2bin class_uses trait_exists get_declared_traits session_register_shutdown header_register_callback
    getimagesizefromstring
5.5 array_column boolval password_hash password_verify password_needs_rehash password_get_info cli_set_process_title json_last_error_msg
    hash_pbkdf2 imageflip imagecrop imagecropauto imagescale imagesetinterpolation curl_escape curl_reset
5.6 hash_equals session_abort session_reset ldap_escape openssl_x509_fingerprint gmp_root gmp_import gmp_export
7.0 intdiv random_bytes random_int error_clear_last preg_replace_callback_array get_resources gc_mem_caches deflate_init deflate_add
    inflate_init inflate_add posix_setrlimit
7.1 is_iterable session_create_id session_gc pcntl_async_signals pcntl_signal_get_handler curl_share_errno curl_multi_errno
7.2 spl_object_id stream_isatty mb_chr mb_ord mb_scrub hash_hmac_algos ftp_append imagesetclip imagegetclip imagebmp imagecreatefrombmp
    imageopenpolygon inflate_get_status inflate_get_read_len
7.3 array_key_first array_key_last is_countable hrtime net_get_interfaces gc_status fpm_get_status gmp_binomial gmp_kronecker
7.4 mb_str_split get_mangled_object_vars password_algos imagecreatefromtga openssl_x509_verify pcntl_unshare
8.0 str_contains str_starts_with str_ends_with fdiv get_debug_type get_resource_id preg_last_error_msg openssl_cms_encrypt
    openssl_cms_decrypt openssl_cms_sign openssl_cms_verify openssl_cms_read imagegetinterpolation
8.1 array_is_list enum_exists fsync fdatasync imageavif imagecreatefromavif mysqli_fetch_column
8.2 ini_parse_quantity curl_upkeep memory_reset_peak_usage mysqli_execute_query openssl_cipher_key_length imap_is_open
    libxml_get_external_entity_loader
8.3 json_validate mb_str_pad str_increment str_decrement stream_context_set_options posix_sysconf posix_pathconf posix_fpathconf
    posix_eaccess socket_atmark
8.4 array_find array_find_key array_any array_all mb_trim mb_ltrim mb_rtrim mb_ucfirst mb_lcfirst bcdivmod bcceil bcfloor bcround fpow
    http_get_last_response_headers http_clear_last_response_headers request_parse_body grapheme_str_split opcache_jit_blacklist
8.5 array_first array_last get_error_handler get_exception_handler curl_multi_get_handles grapheme_levenshtein locale_is_right_to_left
""")
_CLASSES = _table(r"""
5.5 datetimeimmutable datetimeinterface generator
7.0 error typeerror throwable parseerror arithmeticerror assertionerror divisionbyzeroerror intlchar
7.1 argumentcounterror
7.2 hashcontext
7.3 jsonexception compileerror
7.4 weakreference ffi reflectionreference
8.0 stringable weakmap valueerror unhandledmatcherror attribute phptoken curlhandle gdimage internaliterator
8.1 fiber fibererror unitenum backedenum returntypewillchange reflectionenum intldatepatterngenerator curlstringfile
8.2 random\randomizer random\randomexception random\engine\secure random\engine\mt19937 allowdynamicproperties sensitiveparameter
    sensitiveparametervalue
8.3 override dateerror dateexception datemalformedstringexception dateinvalidtimezoneexception random\intervalboundary
8.4 deprecated roundingmode streambucket bcmath\number dom\htmldocument dom\xmldocument dom\document dom\element reflectionconstant
    pdo\mysql pdo\sqlite pdo\pgsql
8.5 nodiscard uri\rfc3986\uri uri\whatwg\url delayedtargetvalidation
""")
_REMOVED = _table("""
5.4 session_register session_unregister session_is_registered import_request_variables define_syslog_variables
5.5 php_logo_guid php_real_logo_guid zend_logo_guid php_egg_logo_guid
7.0 split spliti sql_regcase ereg eregi ereg_replace eregi_replace call_user_method call_user_method_array set_magic_quotes_runtime
    magic_quotes_runtime set_socket_blocking imagepsbbox imagepsencodefont imagepsloadfont imagepstext datefmt_set_timezone_id
8.0 each create_function money_format get_magic_quotes_gpc get_magic_quotes_runtime restore_include_path hebrevc convert_cyr_string
    ezmlm_hash fgetss is_real gmp_random image2wbmp png2wbmp jpeg2wbmp ldap_sort ldap_control_paged_result read_exif_data mbereg mberegi
    mbereg_replace mberegi_replace mbsplit mbregex_encoding mbereg_match mbereg_search ldap_control_paged_result_response
""")
# Whole families: what they begin with, and since when PHP no longer brings them. Those of the second kind live on as extensions.
_GONE = {"mysql_": (7, 0), "mssql_": (7, 0), "mcrypt_": (7, 2), "sybase_": (7, 0), "wddx_": (7, 4), "recode_": (7, 4)}
_MOVED_OUT = {"xmlrpc_": (8, 0), "ibase_": (7, 4), "imap_": (8, 4), "pspell_": (8, 4), "oci_": (8, 4)}
_NOT_OF_OLD = {"mysql_xdevapi_"}
_POWERED = re.compile(r"PHP/(\d+)\.(\d+)", re.IGNORECASE)
_RUNNING = re.compile(r"You are running (?:PHP )?(\d+)\.(\d+)|running PHP (?:version )?(\d+)\.(\d+)", re.IGNORECASE)


def _by_name(table: dict[Version, str]) -> dict[str, Version]:
    return {name: version for version, names in table.items() for name in names.split()}


_SINCE, _CLASS_SINCE, _UNTIL = _by_name(_FUNCTIONS), _by_name(_CLASSES), _by_name(_REMOVED)


def function_since(name: str) -> Version | None:
    """The first version that has it; None for functions that are older than PHP 5.4, or not PHP's."""
    return _SINCE.get(name.lower())


def class_since(name: str) -> Version | None:
    """The first version that has it; None for classes that are older than PHP 5.5, or not PHP's."""
    return _CLASS_SINCE.get(name.lower().lstrip("\\"))


def function_gone(name: str, running: Version | None = None) -> Version | None:
    """The version that no longer has it. What lives on as an extension counts only where `running` is known to be without it."""
    low = name.lower()
    if low in _UNTIL:
        return _UNTIL[low]
    if any(low.startswith(start) for start in _NOT_OF_OLD):
        return None
    for start, version in _GONE.items():
        if low.startswith(start):
            return version
    moved = next((version for start, version in _MOVED_OUT.items() if low.startswith(start)), None)
    return moved if moved and running and running >= moved else None


def shown(version: Version) -> str:
    """As people write it."""
    return f"{version[0]}.{version[1]}"


def version_of_header(value: str) -> Version | None:
    """Of `X-Powered-By` or `Server`."""
    match = _POWERED.search(value)
    return (int(match[1]), int(match[2])) if match else None


def version_of_message(text: str) -> Version | None:
    """Of a message that says what runs, such as Composer's, or of the way in which PHP words its errors."""
    if match := _RUNNING.search(text):
        major, minor = (part for part in match.groups() if part)
        return int(major), int(minor)
    return None


def is_worded_by_php8(text: str) -> bool | None:
    """PHP 8 puts tokens and classes in double quotes, earlier versions did not; None where the message tells nothing."""
    if re.search(r"unexpected (?:token|identifier|variable|integer|fully) |unexpected end of file, |Class \"|Failed to open stream", text):
        return True
    return False if re.search(r"unexpected '|\(T_[A-Z_]+\)|Class '|failed to open stream", text) else None
