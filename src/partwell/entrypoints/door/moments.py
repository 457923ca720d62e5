# SPDX-License-Identifier: AGPL-3.0-or-later
"""A form's field for a moment: typed as day and hour in the MSP's zone, given on as an aware datetime."""

from datetime import UTC, datetime
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext as _

LOCAL = "%Y-%m-%dT%H:%M"
FORMATS = (LOCAL, "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M")


def typed_now() -> str:
    """The present minute as the field shows it, in the current zone."""
    return timezone.localtime().strftime(LOCAL)


def in_current_zone(wall: datetime) -> datetime:
    """A wall clock's reading (naive) in the current zone, as a moment (aware, UTC).

    An hour that comes twice (clocks go back) is the earlier one, so that the default of a form is never refused;
    one that does not exist (clocks go forward) raises ``forms.ValidationError``.
    """
    zone = timezone.get_current_timezone()
    # In UTC: a moment within an hour that comes twice equals nothing in another zone (PEP 495).
    moment = wall.replace(tzinfo=zone, fold=0).astimezone(UTC)
    if moment.astimezone(zone).replace(tzinfo=None) != wall:
        raise forms.ValidationError(
            _("The clocks went forward: there was no %(hour)s that day. Give the hour before or after.")
            % {"hour": f"{wall:%H:%M}"}
        )
    return moment


class MomentField(forms.Field):
    """``datetime-local``; reads and shows wall time of the current zone, and names that zone under the field."""

    widget = forms.DateTimeInput

    def __init__(self, **more: Any) -> None:
        widget = forms.DateTimeInput(attrs={"type": "datetime-local"}, format=LOCAL)
        super().__init__(**{"widget": widget, **more})

    def get_bound_field(self, form: forms.BaseForm, field_name: str) -> forms.BoundField:
        """The zone is the request's: its name is put beside the field when the form is shown."""
        bound = super().get_bound_field(form, field_name)
        if not bound.help_text:
            bound.help_text = _("In %(zone)s time.") % {"zone": timezone.get_current_timezone_name()}
        return bound

    def prepare_value(self, value: Any) -> Any:
        """An aware moment is shown as wall time."""
        if isinstance(value, datetime) and timezone.is_aware(value):
            return timezone.localtime(value).replace(tzinfo=None)
        return value

    def to_python(self, value: Any) -> datetime | None:
        """An aware moment; ``forms.ValidationError`` for what is no moment."""
        if value in self.empty_values:
            return None
        for pattern in FORMATS:
            try:
                wall = datetime.strptime(str(value).strip(), pattern)  # noqa: DTZ007  # its zone is put on below
            except ValueError:
                continue
            return in_current_zone(wall)
        raise forms.ValidationError(_("Give a day and an hour, as 2026-11-23 16:20."))
