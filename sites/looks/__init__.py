"""Slower looks beside the routine probe: past the cache, as other visitors, and at the certificate."""
