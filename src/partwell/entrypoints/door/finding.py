# SPDX-License-Identifier: AGPL-3.0-or-later
"""The page that searches what was said, the same at every door: its form, its days in the page's zone, its rows."""

from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID

from django import forms
from django.core.paginator import Paginator
from django.http import HttpRequest
from django.utils import timezone

from partwell.entrypoints.door.gate import actor_of
from partwell.records.correspondence.search import LONGEST, MOST, PARTIES, Found, Hit, found

SIZE = 25
KINDS = {
    "message": "message",
    "call": "call or meeting",
    "mail": "mail",
    "inbound": "mail as it came in",
    "meeting": "invitation",
}
SIDES = {"staff": "us", "client": "the client", "provider": "the new provider"}
_DAY = {"type": "date", "min": "1990-01-01", "max": "2199-12-31"}


class FindForm(forms.Form):
    """Words, who said them, and from which day to which."""

    q = forms.CharField(label="Words", required=False, strip=False)
    party = forms.ChoiceField(label="Said by", required=False)
    first = forms.DateField(label="From", required=False, widget=forms.DateInput(attrs=_DAY))
    last = forms.DateField(label="To", required=False, widget=forms.DateInput(attrs=_DAY))

    def __init__(self, *args: Any, sides: dict[str, str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = [("", "anybody"), *((one, sides[one]) for one in PARTIES if one in sides)]
        self.fields["party"].choices = choices  # type: ignore[attr-defined]

    def _day(self, name: str) -> date | None:
        day = self.cleaned_data.get(name)
        if day is not None and not date(1990, 1, 1) <= day <= date(2199, 12, 31):
            raise forms.ValidationError("A day between 1990 and 2199.")
        return day

    def clean_first(self) -> date | None:
        """A day that both databases can count."""
        return self._day("first")

    def clean_last(self) -> date | None:
        """The same."""
        return self._day("last")


def _begins(day: date | None) -> datetime | None:
    return timezone.make_aware(datetime.combine(day, time.min)) if day is not None else None


def look_for(
    request: HttpRequest,
    form: FindForm,
    *,
    client_id: UUID | None = None,
    stands: bool = True,
    size: int = SIZE,
) -> Found:
    """What the form asks for, within what the person at the door may see; nothing while the form is not valid."""
    if not form.is_valid():
        return Found()
    given = form.cleaned_data
    last = given.get("last")
    return found(
        actor_of(request),
        given["q"],
        client_id=client_id,
        party=given["party"] or None,
        after=_begins(given.get("first")),
        before=_begins(last + timedelta(days=1)) if last else None,
        page=request.GET.get("page", 1),
        size=size,
        stands=stands,
    )


def found_context(
    request: HttpRequest,
    address: Callable[[Hit], str],
    *,
    client_id: UUID | None = None,
    stands: bool = True,
    sides: dict[str, str] | None = None,
) -> dict[str, Any]:
    """The page's context for ``door/found.html``. ``address``: where a hit stands at this door, "" if nowhere."""
    data = request.GET.copy()
    data["q"] = data.get("q", "")[: LONGEST * 2]
    form = FindForm(data, sides=SIDES if sides is None else sides)
    result = look_for(request, form, client_id=client_id, stands=stands)
    page = Paginator(range(result.total), SIZE).get_page(result.number)
    rows = [{"hit": hit, "url": address(hit), "kind": KINDS[hit.kind]} for hit in result.hits]
    return {
        "form": form,
        "asked": str(data["q"]).strip(),
        "found": result,
        "rows": rows,
        "page": page,
        "most": MOST,
    }
