"""Filters of WordPress in what PHP says and in code: what is filtered where, and who was asked. PURE.

A callback that gives nothing back hands `null` on to the next one, and to whoever asked (wp-includes/class-wp-hook.php, apply_filters):
PHP then complains there, of a type, and the callback stands in no line of the trace.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from diagnostics.php.scanning import line_at

_OF_NOTHING = re.compile(
    r"\bnull (?:given|returned)\b|\b(?:member function \w{1,120}\(\)|property \"?\w{0,120}\"?|offset of type \w{1,20}) on null\b|"
    r"Unsupported operand types: (?:null [^\w\s]{1,3} \w+|\w+ [^\w\s]{1,3} null)\b"
)
_ASKED = re.compile(r"\bapply_filters(?:_ref_array)?\('([^'\n]{1,120}?)(\.\.\.)?'")
_APPLIED = re.compile(rb"\bapply_filters(?:_ref_array|_deprecated)?\s*+\(\s*+(['\"])([\w./:-]{1,120})\1")
_TOLD = re.compile(rb"\badd_(?:filter|action)\s*+\(\s*+(['\"])([\w./:-]{1,120})\1\s*+,([^;\n]{0,200})")
_WORD = re.compile(rb"['\"](?:[\w\\]+::)?(\w{2,120})['\"]|\b(\w{2,120})\s*+\(\.\.\.\)")
_VARIABLE = re.compile(rb"\$(?:this->)?\w+")
_NEAR = 40  # lines before the failing one, in which what it works on was mostly asked for

# Functions of WordPress that ask for these hooks themselves; `{}` stands for the name that they are given (wp-includes).
_ASKS: dict[str, tuple[str, ...]] = {
    "the_content": ("the_content",), "get_the_title": ("the_title",), "the_title": ("the_title",),
    "get_the_excerpt": ("get_the_excerpt",), "the_excerpt": ("the_excerpt", "get_the_excerpt"),
    "get_option": ("option_{}", "pre_option_{}", "pre_option", "default_option_{}"), "get_theme_mod": ("theme_mod_{}",),
    "update_option": ("update_option", "updated_option", "update_option_{}", "pre_update_option_{}", "pre_update_option"),
    "get_posts": ("pre_get_posts", "parse_query"), "query_posts": ("pre_get_posts", "parse_query", "posts_where", "the_posts"),
    "WP_Query": ("pre_get_posts", "parse_query", "posts_where", "posts_join", "posts_request", "posts_results", "the_posts"),
    "get_terms": ("get_terms", "get_terms_args", "terms_clauses", "pre_get_terms"),
    "wp_insert_post": ("save_post", "wp_insert_post", "wp_insert_post_data", "transition_post_status", "pre_post_update"),
    "wp_update_post": ("save_post", "wp_insert_post", "wp_insert_post_data", "post_updated", "edit_post", "pre_post_update"),
    "get_permalink": ("post_link", "page_link", "post_type_link", "pre_post_link"), "the_permalink": ("the_permalink", "post_link"),
    "__": ("gettext",), "_e": ("gettext",), "esc_html__": ("gettext",), "esc_attr__": ("gettext",), "esc_html_e": ("gettext",),
    "translate": ("gettext",), "_x": ("gettext_with_context",), "_n": ("ngettext",),
    "home_url": ("home_url",), "get_home_url": ("home_url",), "site_url": ("site_url",), "get_site_url": ("site_url",),
    "admin_url": ("admin_url",), "plugins_url": ("plugins_url",), "content_url": ("content_url",), "wp_upload_dir": ("upload_dir",),
    "get_bloginfo": ("bloginfo", "bloginfo_url"), "get_locale": ("locale",), "determine_locale": ("determine_locale", "locale"),
    "get_post_meta": ("get_post_metadata",), "get_user_meta": ("get_user_metadata",), "get_term_meta": ("get_term_metadata",),
    "update_post_meta": ("update_post_metadata", "updated_post_meta", "update_post_meta"),
    "update_user_meta": ("update_user_metadata", "updated_user_meta"),
    "current_user_can": ("user_has_cap", "map_meta_cap", "determine_current_user"), "user_can": ("user_has_cap", "map_meta_cap"),
    "wp_get_current_user": ("determine_current_user",), "is_user_logged_in": ("determine_current_user",),
    "get_current_user_id": ("determine_current_user",), "wp_mail": ("wp_mail", "phpmailer_init", "pre_wp_mail"),
    "wp_get_attachment_url": ("wp_get_attachment_url",), "wp_get_attachment_image_src": ("wp_get_attachment_image_src",),
    "get_avatar": ("get_avatar", "pre_get_avatar"), "esc_url": ("clean_url",), "esc_html": ("esc_html",), "esc_attr": ("attribute_escape",),
    "sanitize_text_field": ("sanitize_text_field",), "sanitize_title": ("sanitize_title",), "body_class": ("body_class",),
    "get_body_class": ("body_class",), "wp_nav_menu": ("wp_nav_menu_args", "pre_wp_nav_menu", "wp_nav_menu_items", "wp_nav_menu"),
    "wp_title": ("wp_title",), "get_template_directory": ("template_directory",), "get_stylesheet_directory": ("stylesheet_directory",),
    "wp_die": ("wp_die_handler",), "wp_redirect": ("wp_redirect",), "get_header": ("get_header",), "wp_head": ("wp_head",),
    "wp_footer": ("wp_footer",),
}  # fmt: skip
_BY_NAME = frozenset({"apply_filters", "do_action", "apply_filters_ref_array", "do_action_ref_array"})
_ENDLESS = re.compile(r"Allowed memory size of|Maximum (?:call stack size|function nesting level)|Infinite recursion|\(tried to allocate ")


@dataclass(frozen=True, slots=True)
class Applied:
    """A hook that a file asks its filters for, at a line, with the text of that line."""

    hook: str
    line: int
    text: bytes


def is_of_nothing(text: str) -> bool:
    """Whether a message complains of `null` where something was wanted."""
    return _OF_NOTHING.search(text.partition("Stack trace:")[0][:3000]) is not None


def asked_in(trace: str) -> list[str]:
    """The hooks that a trace was asking filters for, innermost first; a name that PHP cut short ends in `*`."""
    return [f"{match[1]}*" if match[2] else match[1] for match in _ASKED.finditer(trace[:20_000])]


def applied(content: bytes) -> list[Applied]:
    """The hooks that a file asks filters for."""
    found = []
    for match in _APPLIED.finditer(content):
        start = content.rfind(b"\n", 0, match.start()) + 1
        found.append(Applied(match[2].decode(), line_at(content, match.start()), content[start : match.end()]))
    return found


def fits(hook: str, wanted: str) -> bool:
    return hook.startswith(wanted[:-1]) if wanted.endswith("*") else hook == wanted


def told(content: bytes) -> list[tuple[str, bytes]]:
    """The hooks that a file has callbacks for, each with the name of its callback where it has one."""
    found = []
    for match in _TOLD.finditer(content):
        words = [word[1] or word[2] for word in _WORD.finditer(match[3])]
        found.append((match[2].decode(), words[-1] if words else b""))
    return found


def nearness(asked: Applied, line: int, content: bytes) -> int:
    """How likely the failing line works on what was asked for here: 0 where it names the same variable or is that line, 3 for hardly."""
    lines = content.split(b"\n")
    failing = lines[line - 1] if 0 < line <= len(lines) else b""
    held = _VARIABLE.search(asked.text.partition(b"=")[0]) if b"=" in asked.text.partition(b"apply_filters")[0] else None
    if asked.line == line or (held is not None and re.search(re.escape(held[0]) + rb"\b", failing)):
        return 0
    return 1 if 0 <= line - asked.line <= _NEAR else 2


def is_endless(text: str) -> bool:
    """Whether PHP gave up in a way in which it gives up on what calls itself for ever."""
    return _ENDLESS.search(text[:3000]) is not None


def leads_to(function: str, given: str, hook: str) -> bool:
    """Whether this call asks for the hook; `given`: its first argument, where that is a plain string."""
    if function in _BY_NAME:
        return given == hook
    asked = _ASKS.get(function, ())
    return any(name.format(given) == hook for name in asked if given or "{}" not in name)


def may_go_round(content: bytes) -> bool:
    """Whether a file has a callback for a hook that it may ask for itself, by its words alone."""
    for hook in dict.fromkeys(hook for hook, _name in told(content)):
        quoted = (b"'%s'" % hook.encode(), b'"%s"' % hook.encode())
        if any(name.encode() in content for name in _BY_NAME) and sum(content.count(each) for each in quoted) > 1:
            return True
        if any(f"{function}".encode() in content for function, asked in _ASKS.items() if any(_is_of(name, hook) for name in asked)):
            return True
    return False


def _is_of(pattern: str, hook: str) -> bool:
    return hook.startswith(pattern[:-2]) if pattern.endswith("{}") else hook == pattern
