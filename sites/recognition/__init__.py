"""What a failing answer is known by, one module per who speaks: the site's own software, its host, or something in front of it.

Structure comes before words: status and headers, how a page is built, which message stands where. Words count only on a page that
stands alone (`Answer.stands_alone`), since a page that writes *about* errors must never be taken for one.
"""

from __future__ import annotations

from sites.probing.outcome import Kind

Found = tuple[Kind, str, str]  # kind, detail (a stable code), message for people
