# SPDX-License-Identifier: AGPL-3.0-or-later
"""The parts of ``{% load pw %}`` that are rows, cards, forms and navigation."""

from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

from django import template
from django.forms import (
    BoundField,
    CheckboxInput,
    CheckboxSelectMultiple,
    ClearableFileInput,
    FileInput,
    RadioSelect,
)
from django.template.context import Context
from django.utils.translation import gettext

from partwell.entrypoints.theme.brand import brand_css_path, current_brand
from partwell.entrypoints.theme.formats import pick
from partwell.entrypoints.theme.nav import path_of, staff_nav


def item_row(item: Any, size: int | None = None, select: str = "") -> dict[str, Any]:
    """One item: who owns it, who holds it, its proof.

    ``item``: ``name``, ``note``, ``category``, ``owner``, ``custodian`` (words), optional ``url``, ``index`` with
    ``proof_url``, ``verdict``, ``id``. ``select``: the name of a checkbox for bulk actions (value: ``id``).
    """
    return {"item": item, "size": size, "select": select}


def receipt(receipt: Any, size: int | None = None) -> dict[str, Any]:
    """One release and its answer: ``number``, ``state``, ``word``, optional ``text``, ``note``, ``rows`` [(label, value)],
    ``pdf_url``, ``index``, ``proof_url``."""
    return {"r": receipt, "size": size}


def ask(context: Context, ask: Any) -> dict[str, Any]:
    """*What we need from you*: ``title``, ``text``, ``main`` {label, url}, optional ``other`` {label, url},
    ``more`` [{text, by, label, url}]. None shows that nothing is needed."""
    return {"ask": ask, "csrf_token": context.get("csrf_token")}


def stations(stations: Any) -> dict[str, Any]:
    """Where things stand: each ``state`` ("done", "now" or ""), ``text``, optional ``strong`` (said first, bold), ``when`` (words)."""
    return {"stations": stations}


def empty(
    title: str, text: str = "", label: str = "", url: str = "", other_label: str = "", other_url: str = ""
) -> dict[str, Any]:
    """An empty page says what to do first."""
    return {
        "title": title,
        "text": text,
        "label": label,
        "url": url,
        "other_label": other_label,
        "other_url": other_url,
    }


def tabs(tabs: Any, label: str = "") -> dict[str, Any]:
    """Tabs that are links: each ``label``, ``url``, ``current``, optional ``count``."""
    return {"tabs": tabs, "label": label or gettext("Parts of this page")}


def facts(rows: Any, narrow: bool = False) -> dict[str, Any]:
    """Label and value pairs: (label, value) or {label, value, note, url, digest}."""
    made = [{"label": row[0], "value": row[1]} if isinstance(row, (tuple, list)) else row for row in rows]
    return {"rows": made, "narrow": narrow}


def tally(items: Any) -> dict[str, Any]:
    """Up to four numbers with their words: (number, word)."""
    return {"items": items}


def _query(context: Context, **changes: Any) -> str:
    request = context.get("request")
    given = request.GET.lists() if request else []
    pairs = [(k, v) for k, values in given if k not in changes for v in values]
    return "?" + urlencode(pairs + [(k, v) for k, v in changes.items() if v is not None])


def pager(context: Context, page: Any, name: str = "page") -> dict[str, Any]:
    """Paging on the server: a Django ``Page``; keeps the rest of the query. ``name``: the parameter."""
    numbers = []
    for number in page.paginator.get_elided_page_range(page.number, on_each_side=1, on_ends=1):
        numbers.append(
            {
                "number": number,
                "current": number == page.number,
                "url": _query(context, **{name: number}) if isinstance(number, int) else "",
            }
        )
    return {
        "page": page,
        "numbers": numbers,
        "before": _query(context, **{name: page.previous_page_number()}) if page.has_previous() else "",
        "after": _query(context, **{name: page.next_page_number()}) if page.has_next() else "",
    }


def sort_head(context: Context, label: str, key: str, numeric: bool = False, css: str = "") -> dict[str, Any]:
    """A column head that sorts on the server through ``?sort=key`` and ``?sort=-key``; keeps the rest of the query."""
    request = context.get("request")
    now = request.GET.get("sort", "") if request else ""
    order = "ascending" if now == key else "descending" if now == f"-{key}" else ""
    return {
        "label": label,
        "order": order,
        "numeric": numeric,
        "css": css,
        "url": _query(context, sort=f"-{key}" if now == key else key, page=None),
    }


def query(context: Context, **changes: Any) -> str:
    """The current query with some parameters changed: ``{% query state="open" page=None %}`` (None removes)."""
    return _query(context, **changes)


def field(bound: BoundField, label: str = "", hint: str = "", css: str = "") -> dict[str, Any]:
    """A form field with its label, hint and errors, bound together by ``aria-describedby``."""
    widget = bound.field.widget
    hint = hint or str(bound.help_text or "")
    ids = [f"{bound.id_for_label}_hint"] * bool(hint) + [f"{bound.id_for_label}_error"] * bool(bound.errors)
    attrs = dict(widget.attrs)
    attrs["aria-describedby"] = " ".join(ids) or None
    if bound.errors:
        attrs["aria-invalid"] = "true"
    group = isinstance(widget, (RadioSelect, CheckboxSelectMultiple))
    check = isinstance(widget, CheckboxInput) and not isinstance(widget, ClearableFileInput)
    return {
        "f": bound,
        "label": label or bound.label,
        "hint": hint,
        "group": group,
        "check": check,
        "file": isinstance(widget, FileInput),
        "css": css,
        "attrs": attrs,
        "ids": " ".join(ids),
        "widget": bound.as_widget(attrs={k: v for k, v in attrs.items() if v is not None and not group}),
        "hidden": bound.is_hidden,
        "optional": not bound.field.required and not check,
    }


def form_errors(form: Any) -> dict[str, Any]:
    """A summary above a form that was refused: every error with a link to its field."""
    rows = [
        {"id": bound.id_for_label, "label": bound.label, "errors": bound.errors}
        for bound in form
        if bound.errors
    ]
    return {"rows": rows, "general": form.non_field_errors()}


def job(context: Context, job: Any) -> dict[str, Any]:
    """Long work, live: ``label``, ``state`` (queued, running, done, failed, stopped), ``done``, ``total`` (0 = not known),
    ``unit``, ``note``, ``url`` (answers this same part as HTML; polled while it runs), optional ``result_url``,
    ``result_label``, ``stop_url`` (POST), ``page_url``. Survives closing the tab: the work is not in the page."""
    state = str(pick(job, "state", "queued"))
    total, done = int(pick(job, "total", 0) or 0), int(pick(job, "done", 0) or 0)
    return {
        "job": job,
        "state": state,
        "live": state in ("queued", "running"),
        "total": total,
        "done": min(done, total) if total else done,
        "tone": {"done": "done", "failed": "refusing", "stopped": "waiting", "ended": "held"}.get(
            state, "waiting"
        ),
        "word": {
            "queued": gettext("Waits for its turn"),
            "running": gettext("Under way"),
            "done": gettext("Done"),
            "ended": gettext("Given to nobody any more"),
            "failed": gettext("Did not finish"),
            "stopped": gettext("Stopped"),
        }.get(state, state),
        "csrf_token": context.get("csrf_token"),
    }


def undo(context: Context, text: str, url: str, label: str = "", fields: Any = None) -> dict[str, Any]:
    """What just happened, with a button that takes it back (POST ``url`` with ``fields`` [(name, value)])."""
    return {
        "text": text,
        "url": url,
        "label": label or gettext("Undo"),
        "fields": fields or [],
        "csrf_token": context.get("csrf_token"),
    }


def confirm_name(
    context: Context,
    name: str,
    url: str,
    button: str,
    consequence: str,
    field_name: str = "typed_name",
    also: str = "",
    fields: Any = None,
) -> dict[str, Any]:
    """What cannot be undone: the consequence spelled out and ``name`` to be typed. The server compares again;
    the button says what it does. ``also``: a sentence to be ticked (posted as ``also``); ``fields`` [(name, value)]: sent
    along unseen. Works without JavaScript."""
    return {
        "name": name,
        "url": url,
        "button": button,
        "consequence": consequence,
        "field_name": field_name,
        "also": also,
        "fields": fields or [],
        "csrf_token": context.get("csrf_token"),
    }


def picture(name: str = "picture", label: str = "", hint: str = "") -> dict[str, Any]:
    """Take or paste a picture and black out parts of it. Posts the file as ``name`` and, as JSON in ``name_redactions``,
    ``[{"x","y","w","h"}…]`` in pixels of the picture (empty list: none). The server does the blacking out."""
    return {"name": name, "label": label or gettext("Picture"), "hint": hint}


def passkey(
    mode: str, options_url: str, verify_url: str, label: str = "", next_url: str = "", form: str = ""
) -> dict[str, Any]:
    """A passkey button: ``mode`` "create" or "get". POST ``options_url`` answers WebAuthn options as JSON; the result goes
    by POST as JSON to ``verify_url``, which answers ``{"url": …}`` or an error ``{"detail": …}``. ``form``: the id of a
    form whose required fields come first and whose fields are sent along as ``{"form": …, "credential": …}``."""
    return {
        "form": form,
        "mode": mode,
        "options_url": options_url,
        "verify_url": verify_url,
        "next_url": next_url,
        "label": label
        or (gettext("Register a passkey") if mode == "create" else gettext("Use your passkey")),
    }


def copy(text: str, label: str = "") -> dict[str, Any]:
    """A text to take along, with a button that copies it (the text itself can be selected without JavaScript)."""
    return {"text": text, "label": label or gettext("Copy")}


def staff_header(context: Context, section: str = "") -> dict[str, Any]:
    """The board at the top of staff pages; ``section``: the key of the current entry."""
    return {
        "nav": staff_nav(str(getattr(context.get("actor"), "role", "") or "")),
        "section": section,
        "person": context.get("person") or _person_of(context),
        "csrf_token": context.get("csrf_token"),
        "search_url": path_of("staff:search", "/search/"),
        "palette_url": path_of("staff:palette", "/search/palette"),
    }


def person_menu(context: Context, person: Any) -> dict[str, Any]:
    """Who is signed in: ``name``, optional ``role``, ``links`` [{label, url}], ``sign_out_url``. None shows nothing.

    Without a ``person`` in the context the request's ``actor`` stands for it; its sign-out is found by URL name
    (``account_logout``, ``client:sign_out``, ``provider:sign_out``), else by the plain path.
    """
    person = person or _person_of(context)
    words = str(pick(person, "name", "") or "").split() if person else []
    short = pick(person, "initials", "") or "".join(w[:1] for w in (words[:1] + words[1:][-1:])).upper()
    return {
        "person": person if words else None,
        "initials": short,
        "csrf_token": context.get("csrf_token"),
        "links": pick(person, "links", []) if words else [],
        "sign_out_url": pick(person, "sign_out_url", "") if words else "",
    }


def _person_of(context: Context) -> dict[str, Any] | None:
    actor = context.get("actor") or getattr(context.get("request"), "actor", None)
    kind = str(pick(actor, "kind", "")) if actor else ""
    plain = {"staff": "/account/logout/", "client": "/client/sign-out/", "provider": "/provider/sign-out/"}
    names = {"staff": "account_logout", "client": "client:sign_out", "provider": "provider:sign_out"}
    if kind not in plain:
        return None
    role = (
        "" if pick(actor, "role") == "person" else str(pick(actor, "role", "")).replace("_", " ").capitalize()
    )
    own = {"staff": ("staff:habits", "/me/"), "client": ("client:habits", "/client/digest/")}.get(kind)
    links = [{"label": gettext("Digest and calendar"), "url": path_of(*own)}] if own else []
    return {
        "name": pick(actor, "name"),
        "role": role,
        "links": links,
        "sign_out_url": path_of(names[kind], plain[kind]),
    }


def brand_mark(context: Context, url: str = "/") -> dict[str, Any]:
    """The MSP's logo and name, or the product's mark."""
    return {"brand": _brand(context), "url": url}


def _brand(context: Context) -> dict[str, Any]:
    brand = context.get("brand")
    return brand if brand is not None else current_brand(context.get("request"))


def brand_name(context: Context) -> str:
    """The name whose door this is: the MSP's, or the product's before set-up."""
    return str(_brand(context).get("name") or "Partwell")


def brand_css_url() -> str:
    """The address of the MSP's colours."""
    return brand_css_path()


def bulk_bar(actions: Any, unit: str = "") -> dict[str, Any]:
    """The bar under a list with checkboxes: ``actions`` [{name, value, label, main}] are submit buttons of the form around
    the list. The number selected is counted live; without JavaScript the buttons simply stand there."""
    return {"actions": actions, "unit": unit or gettext("selected")}


def register_parts(library: template.Library) -> None:
    """Registers all of the above under their own names."""
    plain: tuple[Callable[..., dict[str, Any]], ...] = (
        item_row,
        receipt,
        stations,
        empty,
        tabs,
        facts,
        tally,
        field,
        form_errors,
        picture,
        passkey,
        copy,
        bulk_bar,
    )
    with_context: tuple[Callable[..., dict[str, Any]], ...] = (
        ask,
        pager,
        sort_head,
        job,
        undo,
        confirm_name,
        staff_header,
        person_menu,
        brand_mark,
    )
    for function in plain:
        library.inclusion_tag(f"theme/parts/{function.__name__}.html")(function)
    for function in with_context:
        library.inclusion_tag(f"theme/parts/{function.__name__}.html", takes_context=True)(function)
    library.simple_tag(query, takes_context=True)
    library.simple_tag(brand_name, takes_context=True)
    library.simple_tag(brand_css_url)
