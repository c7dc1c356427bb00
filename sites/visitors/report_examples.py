"""Ready pieces for a server that reports its own errors: a line for the shell, and a file for PHP. Both are run by tests."""

from __future__ import annotations

_SHELL = """\
URL='@URL@'
SECRET='@SECRET@'
BODY='{"status": 500, "path": "/checkout", "request_id": "example-1"}'
TIME=$(date +%s)
SIGN=$(printf '%s.%s' "$TIME" "$BODY" | openssl dgst -sha256 -hmac "$SECRET" -r | cut -d' ' -f1)
curl -sS "$URL" -H 'Content-Type: application/json' \\
  -H "X-Sitemend-Timestamp: $TIME" -H "X-Sitemend-Signature: sha256=$SIGN" --data-binary "$BODY"
"""

# After the page has been sent, where PHP can do that, and for at most two seconds: no visitor waits for it.
_PHP = """\
<?php
register_shutdown_function(function () {
    $last = error_get_last();
    $fatal = $last && ($last['type'] & (E_ERROR | E_PARSE | E_CORE_ERROR | E_COMPILE_ERROR));
    $status = max($fatal ? 500 : 0, (int) http_response_code());
    if ($status < 500 || !function_exists('curl_init')) return;
    if (function_exists('fastcgi_finish_request')) fastcgi_finish_request();
    $body = json_encode([
        'status' => $status,
        'path' => '/' . ltrim(strtok($_SERVER['REQUEST_URI'] ?? '/', '?'), '/'),
        'method' => $_SERVER['REQUEST_METHOD'] ?? 'GET',
        'request_id' => $_SERVER['UNIQUE_ID'] ?? '',
        'user_agent' => $_SERVER['HTTP_USER_AGENT'] ?? '',
        'address' => $_SERVER['REMOTE_ADDR'] ?? '',
    ], JSON_INVALID_UTF8_SUBSTITUTE);
    $time = (string) time();
    $curl = curl_init('@URL@');
    curl_setopt_array($curl, [
        CURLOPT_POSTFIELDS => $body,
        CURLOPT_RETURNTRANSFER => true,
        CURLOPT_TIMEOUT => 2,
        CURLOPT_HTTPHEADER => [
            'Content-Type: application/json',
            'X-Sitemend-Timestamp: ' . $time,
            'X-Sitemend-Signature: sha256=' . hash_hmac('sha256', $time . '.' . $body, '@SECRET@'),
        ],
    ]);
    curl_exec($curl);
});
"""


def shell(url: str, secret: str) -> str:
    """One report by curl and openssl."""
    return _SHELL.replace("@URL@", url).replace("@SECRET@", secret)


def php(url: str, secret: str) -> str:
    """A file to be loaded before the site's own code."""
    return _PHP.replace("@URL@", url).replace("@SECRET@", secret)
