# SPDX-License-Identifier: AGPL-3.0-or-later
"""The price list: dated lines, never edited. A returning client is quoted the line of the day (R9)."""

from django import forms
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from partwell.actions.billing.prices import normal_fee, set_price
from partwell.actions.hours.standing import today
from partwell.entrypoints.door.gate import actor_of, staff_door
from partwell.entrypoints.staff.copies_forms import currency_field
from partwell.entrypoints.staff.parts import answer, day_field, form_with_refusal
from partwell.records.billing import returns as queries
from partwell.records.people.queries import the_msp
from partwell.rules.refusals import Refusal


class PriceForm(forms.Form):
    """A new line."""

    net = forms.DecimalField(label="Onboarding fee, net", max_digits=12, decimal_places=3)
    currency = currency_field()
    valid_from = day_field("From which day on")

    def clean_currency(self) -> str:
        """In capitals."""
        return str(self.cleaned_data["currency"]).upper()


@staff_door("price.set")
@require_http_methods(["GET", "HEAD", "POST"])
def prices(request: HttpRequest) -> HttpResponse:
    """The list, newest first, and a new line."""
    day, msp = today(timezone.now()), the_msp()
    currency = msp.currency if msp else "EUR"
    form = PriceForm(request.POST or None, initial={"valid_from": day, "currency": currency})
    if request.method == "POST" and form.is_valid():
        done = set_price(actor=actor_of(request), **form.cleaned_data)
        if not isinstance(done, Refusal):
            return answer(request, done, reverse("staff:prices"), "The price is on the list.")
        form_with_refusal(form, done, valid_from="price_in_past|price_stands", net="price_not_positive")
    page = Paginator(queries.prices(), 30).get_page(request.GET.get("page"))
    context = {
        "section": "settings",
        "form": form,
        "page": page,
        "normal": normal_fee(currency, day),
        "day": day,
    }
    return render(request, "staff/prices.html", context, status=422 if form.errors else 200)
