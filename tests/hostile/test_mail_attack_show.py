# SPDX-License-Identifier: AGPL-3.0-or-later
"""Strangers' HTML and the roads' own edges: nothing runs, loads or lies over the page, nothing takes minutes, no peer is inherited."""

import asyncio
import time
from html.parser import HTMLParser
from types import SimpleNamespace
from typing import Any

import pytest

from partwell.entrypoints.door.mail_in import DEEPEST, POLICY, TOO_DEEP, sanitised
from partwell.entrypoints.mailbox.lmtp import Server
from partwell.importers.mail_text import html_to_text

LOADS = {
    "script": "<script>alert(1)</script>",
    "script in svg": "<svg><script>alert(1)</script></svg>",
    "script split": "<scr<script>ipt>alert(1)</scr</script>ipt>",
    "handler": '<p onclick="alert(1)" onmouseover=alert(1)>x</p><details ontoggle=alert(1) open>y</details>',
    "javascript": '<a href="javascript:alert(1)">x</a><a href=" java\tscript:alert(1)">y</a><a href="&#106;avascript:alert(1)">z</a>',
    "data": '<a href="data:text/html,<script>alert(1)</script>">x</a><iframe src="data:text/html,x"></iframe>',
    "vbscript": '<a href="vbscript:msgbox(1)">x</a><a href="file:///etc/passwd">y</a><a href="blob:x">z</a>',
    "picture": '<img src="https://t.evil.example/p.gif"><img srcset="https://t.evil.example/p.gif 2x"><picture><source srcset="//t.evil.example/a"></picture>',
    "cid": '<img src="cid:logo@evil.example"><img src="data:image/png;base64,AAAA">',
    "background": '<table background="https://t.evil.example/a"><td background="//t.evil.example/b">x</td></table><body background="//t.evil.example/c">',
    "css": '<style>@import url(//t.evil.example/a);body{background:url(//t.evil.example/b)}</style><p style="background:url(//t.evil.example/c)">x</p>',
    "css over the page": '<div style="position:fixed;top:0;left:0;width:100%;height:100%;z-index:9">Sign in again</div>',
    "css hides": '<p style="display:none">hidden</p><font color="white" style="font-size:0">small</font>',
    "link": '<link rel="stylesheet" href="//t.evil.example/a.css"><link rel=preload href="//t.evil.example/b" as=image>',
    "base": '<base href="https://evil.example/"><a href="/sign-in">Sign in</a>',
    "refresh": '<meta http-equiv="refresh" content="0;url=https://evil.example/"><meta http-equiv="Content-Security-Policy" content="default-src *">',
    "form": '<form action="https://evil.example/"><input name="password"><button formaction="//evil.example">Sign in</button></form>',
    "frames": '<iframe src="//evil.example"></iframe><frameset><frame src="//evil.example"></frameset><object data="//evil.example"></object><embed src="//evil.example">',
    "media": '<video poster="//t.evil.example/a" src="//t.evil.example/b" autoplay></video><audio src="//t.evil.example/c"></audio><track src="//t.evil.example/d">',
    "svg": '<svg><image href="//t.evil.example/a"/><use href="//t.evil.example/b#x"/><a xlink:href="javascript:alert(1)"><text>x</text></a><animate onbegin=alert(1)></svg>',
    "math": '<math><mtext><table><mglyph><style><img src=x onerror=alert(1)></style></mglyph></table></mtext></math>',
    "mutation": "<noscript><p title=\"</noscript><img src=x onerror=alert(1)>\">x</p></noscript><listing>&lt;img src=x onerror=alert(1)&gt;</listing>",
    "comment": "<!--><img src=x onerror=alert(1)>--><!--[if mso]><script>alert(1)</script><![endif]-->",
    "ping": '<a href="https://ok.example/" ping="//t.evil.example/" target="_top" download>x</a><area href="//evil.example"><map name=x></map>',
    "template": "<template><img src=x onerror=alert(1)></template><xmp><img src=x onerror=alert(1)></xmp><plaintext><script>",
    "cite": '<blockquote cite="//t.evil.example/a">x</blockquote><q cite="//t.evil.example/b">y</q><del cite="//t.evil.example/c">z</del>',
    "id": '<p id="content" class="flash" name="csrfmiddlewaretoken" accesskey="s" contenteditable tabindex=1 autofocus>x</p>',
    "longdesc": '<img longdesc="//t.evil.example" usemap="#x"><table summary="x" longdesc="//t.evil.example"></table><p itemscope itemid="//t.evil.example">x</p>',
}  # fmt: skip
_URLS = {"href"}
_HARMLESS = {
    "href", "rel", "title", "lang", "dir", "align", "char", "charoff", "valign", "width", "height", "size", "color", "colspan", "rowspan", "headers",
    "scope", "start", "type", "span", "summary", "datetime", "hreflang", "border", "noshade", "value", "axis", "abbr",
}  # fmt: skip


class _Seen(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str, str]] = []

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.tags.append(tag)
        self.attributes += [(tag, name, value or "") for name, value in attrs]


@pytest.mark.parametrize("name", LOADS)
def test_nothing_of_a_strangers_html_runs_loads_or_lies_over_the_page(name: str) -> None:
    left = sanitised(LOADS[name])
    seen = _Seen()
    seen.feed(left)
    forbidden = {"script", "style", "img", "svg", "math", "iframe", "frame", "object", "embed", "form", "input", "button", "base", "meta", "link",
                 "video", "audio", "source", "track", "template", "picture", "image", "area", "map", "body", "noscript", "title"}  # fmt: skip
    assert not forbidden & set(seen.tags), left
    for tag, attribute, value in seen.attributes:
        assert attribute in _HARMLESS, (tag, attribute)
        if attribute in _URLS:
            assert tag == "a" and value.startswith(("http://", "https://", "mailto:", "/")), (tag, value)
    assert "t.evil.example" not in left and "alert(1)" not in "".join(value for *_, value in seen.attributes)
    assert sanitised(left) == left, "what was sanitised once is not read otherwise a second time"


def test_the_answer_that_shows_it_may_load_nothing_either() -> None:
    """The page's own policy, should the sanitiser ever miss one: sandbox without scripts, forms or a way to the top."""
    words = {one.split()[0]: one.split()[1:] for one in POLICY.split(";")}
    assert words["sandbox"] == [] and words["default-src"] == words["img-src"] == words["style-src"] == [
        "'none'"
    ]


BOMBS = {
    "nested": "<div>" * 200_000,
    "nested, wrongly closed": "<div></span>" * 60_000,
    "formatting": "<b><i><u><a href=x>" * 30_000,
    "formatting in cells": "<table><tr>" + "<td><b></td>" * 20_000,
    "tables": "<table><tr><td>" * 20_000,
    "just below the limit": "<div>" * (DEEPEST - 1) + "<hr>" * 60_000,
    "lists": "<ul>" * 250 + "<li>" * 50_000,
    "text beside cells": "<table>" + "x<p>" * 20_000,
    "attributes": "<p " + " ".join(f"a{n}=b" for n in range(20_000)) + ">x",
    "comments": "<!--" * 60_000,
    "brackets": "<" * 250_000,
    "entities": "&amp" * 60_000,
}


@pytest.mark.parametrize("name", BOMBS)
def test_no_html_takes_long_to_show_or_to_read(name: str) -> None:
    html = BOMBS[name]
    began = time.process_time()
    shown = sanitised(html[: 256 << 10])
    if name.startswith(("nested", "formatting", "tables")):
        assert shown == TOO_DEEP
    html_to_text(html)
    assert time.process_time() - began < 4, "seconds of a processor"


def test_an_honest_newsletter_is_shown() -> None:
    rows = "<tr><td align=center><table><tr><td><a href='https://ok.example/'><b>Offer</b></a><br><p>Text<p>Text<ul><li>One<li>Two</ul></td></tr></table></td></tr>"
    shown = sanitised(f"<html><body><table>{rows * 300}</table></body></html>")
    assert shown.count("Offer") == 300 and 'rel="noopener noreferrer nofollow"' in shown


def test_comments_end_as_in_a_browser() -> None:
    assert html_to_text("a<!-- b -->c<!-- d <p>e</p>") == "ac"
    assert html_to_text("<p>1 < 2</p><!----><p>3</p>").split() == ["1", "<", "2", "3"]


def test_a_peer_is_forgotten_when_the_server_in_front_does_not_know_the_next_one() -> None:
    """Postfix keeps the connection: mail 1 came from the client's server, mail 2 from nobody that is known."""
    server = Server.__new__(Server)
    said: list[str] = []

    async def push(text: str) -> None:
        said.append(text)

    async def greeted() -> bool:
        return False

    server.session = SimpleNamespace()  # type: ignore[assignment]
    server.push = push  # type: ignore[method-assign,assignment]
    server.check_helo_needed = greeted  # type: ignore[method-assign,assignment]
    xforward = server.smtp_XFORWARD
    asyncio.run(xforward("NAME=mx.northwick.example ADDR=192.0.2.5 HELO=mx.northwick.example"))
    assert server.session.forwarded["ADDR"] == "192.0.2.5"  # type: ignore[union-attr]
    asyncio.run(xforward("NAME=[UNAVAILABLE] ADDR=[UNAVAILABLE] HELO=[UNAVAILABLE]"))
    assert server.session.forwarded["ADDR"] == "" and server.session.forwarded["HELO"] == ""  # type: ignore[union-attr]
    asyncio.run(xforward("ADDR=IPv6:2001:db8::1 SOURCE=REMOTE"))
    assert server.session.forwarded["ADDR"] == "2001:db8::1" and len(said) == 3  # type: ignore[union-attr]
