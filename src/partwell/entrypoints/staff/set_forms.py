# SPDX-License-Identifier: AGPL-3.0-or-later
"""The form of a backup set, a page per place: only the fields that this kind of place has. It parses; actions decide."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from partwell.actions.retention.set_facts import Replica, SetFacts
from partwell.connectors.secret import Secret
from partwell.entrypoints.door.retention_words import CONTENTS
from partwell.entrypoints.staff.parts import day_field, id_or_none
from partwell.records.estate.queries import credentials_of
from partwell.rules.keeping import Place

BLANK_COPIES = 2
PLACES = (
    (Place.VENDOR, "software", _("A vendor’s cloud"), _("Emptied by hand in the vendor’s console, step by step, with proof of each.")),
    (Place.BUCKET, "data", _("An S3-compatible bucket"), _("Partwell lists and empties the bucket or a prefix of it, all versions too.")),
    (Place.FOLDER, "hardware", _("A directory or mounted share"), _("Partwell lists and empties a folder that this machine can reach.")),
    (Place.VAULT, "key", _("Our vault"), _("Files that Partwell keeps encrypted; deleting destroys their key.")),
    (Place.MEDIA, "hardware", _("Drives or tapes"), _("Wiped or shredded by hand, with the tool’s report.")),
    (Place.UNKNOWN, "ask", _("Not said yet"), _("In words for now. A deletion needs to know exactly; say it before its day.")),
)  # fmt: skip
# What is said of each kind of place, as ``rules.places`` reads it, and what a vendor adds.
_VENDOR = ("vendor", "vendor_window_days", "cancel_on")
WHERE: dict[Place, tuple[str, ...]] = {
    Place.VENDOR: ("console", "tenant", *_VENDOR, "locked_until"),
    Place.BUCKET: ("endpoint", "region", "bucket", "prefix", "whole_bucket", "access_key", "secret", "path_style", "locked_until", *_VENDOR),
    Place.FOLDER: ("path", "locked_until"),
    Place.VAULT: (),
    Place.MEDIA: ("description",),
    Place.UNKNOWN: _VENDOR,
}  # fmt: skip
_OWN = ("console", "tenant", "endpoint", "region", "bucket", "prefix", "whole_bucket", "access_key", "path_style", "path", "description")  # fmt: skip


def _line(label: Any, most: int = 300, **more: Any) -> forms.CharField:
    return forms.CharField(label=label, max_length=most, **more)


class SetForm(forms.Form):
    """One set at one kind of place. ``row``: the set that is changed, else None."""

    name = _line(
        _("Name"), 200, help_text=_("As the client knows it; it is typed before the set is deleted.")
    )
    contents = forms.ChoiceField(label=_("What it is"), choices=[(key, str(word).capitalize()) for key, word in CONTENTS.items() if key], required=False)  # fmt: skip
    location = _line(_("Where it lies, in words"), help_text=_("The client reads this."))
    copies = forms.IntegerField(label=_("How many copies there are in all"), min_value=1, max_value=1000, required=False)  # fmt: skip
    payer = forms.ChoiceField(label=_("Who pays for it"), choices=[("", _("not said")), ("msp", _("we do")), ("client", _("the client"))], required=False)  # fmt: skip
    note = _line(_("Note"), required=False, help_text=_("The client reads this too."))
    console = _line(
        _("The console in which it is emptied"), help_text=_("Its address, or the name of the console.")
    )
    tenant = _line(
        _("Tenant or account"), required=False, help_text=_("Compared twice before anything is deleted.")
    )
    endpoint = _line(
        _("Address of the storage"), help_text=_("For example https://s3.example.org, without a password.")
    )
    region = _line(_("Region"), required=False)
    bucket = _line(_("Bucket"))
    prefix = _line(_("Prefix"), 600, required=False, help_text=_("Only what begins with it is the client’s."))  # type: ignore[assignment]  # fmt: skip
    whole_bucket = forms.BooleanField(
        label=_("The whole bucket is this set; it has no prefix"), required=False
    )
    access_key = _line(_("Access key"), required=False, help_text=_("Its name; nobody outside sees it."))
    secret = forms.CharField(
        label=_("Secret of the access key"), required=False, max_length=1000, strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "off"}),
    )  # fmt: skip
    path_style = forms.BooleanField(label=_("The bucket stands in the path, not in the host’s name"), required=False, initial=True)  # fmt: skip
    path = _line(_("Path"), 600, help_text=_("A folder that holds this set and nothing else, such as /srv/backups/northwick."))  # fmt: skip
    description = _line(_("Which drives or tapes"), help_text=_("Serial numbers or labels, so that nobody takes another."))  # fmt: skip
    vendor = _line(_("Vendor"), 160, required=False)
    vendor_window_days = forms.IntegerField(
        label=_("Days until the vendor purges after cancellation"), min_value=0, max_value=3650, required=False,
        help_text=_("Ask the vendor. Where this is shorter than the promise, an alarm comes before anybody cancels."),
    )  # fmt: skip
    cancel_on = day_field(_("The subscription ends on"), required=False)
    locked_until = day_field(_("Locked until"), required=False, help_text=_("Object Lock or immutability: nobody can delete before."))  # fmt: skip
    key_item_id = forms.ChoiceField(
        label=_("The key that opens it"), required=False, help_text=_("Our copy of it is purged when the set is gone.")
    )  # fmt: skip
    longer_until = day_field(_("Kept longer, until"), required=False, help_text=_("A later day agreed for this set alone; earlier is the client’s choice."))  # fmt: skip
    longer_reason = _line(_("Who agreed to that, and why"), required=False)

    def __init__(self, *args: Any, client: Any, place: Place, row: Any = None, has_secret: bool = False, **kwargs: Any) -> None:  # fmt: skip
        kwargs.setdefault("initial", _initial(row, place) if row is not None else {"contents": "backup", "path_style": True})  # fmt: skip
        super().__init__(*args, **kwargs)
        self.place, self.row, self.has_secret = place, row, has_secret
        for name in (*_OWN, *_VENDOR, "secret", "locked_until"):
            if name not in WHERE[place]:
                self.fields.pop(name)
        if "secret" in self.fields and has_secret:
            self.fields["secret"].help_text = _("One lies in the vault and is never shown again. Enter another to replace it.")  # fmt: skip
        elif "secret" in self.fields:
            self.fields["secret"].help_text = _("Sealed in the vault and never shown again.")
        keys = [(str(one.id), one.title) for one in credentials_of(client.id)]
        self.fields["key_item_id"].choices = [("", _("none on record")), *keys]  # type: ignore[attr-defined]
        known = list(row.replicas) if row is not None else []
        self.copies_shown = min(50, max(len(known) + (1 if known else 0), BLANK_COPIES))
        for number in range(self.copies_shown):
            said = known[number] if number < len(known) else {}
            self._further(number, said)

    def _further(self, number: int, said: dict[str, Any]) -> None:
        fields = {
            "what": _line(_("Further copy: what"), 200, required=False),
            "where": _line(_("Where"), required=False),
            "sub_processor": _line(_("Sub-processor"), 200, required=False),
            "expires_days": forms.IntegerField(label=_("Expires by itself after (days)"), min_value=0, max_value=32767, required=False),
        }  # fmt: skip
        for name, field in fields.items():
            self.fields[f"copy_{number}_{name}"] = field
            self.initial[f"copy_{number}_{name}"] = said.get(name)

    def groups(self) -> list[dict[str, Any]]:
        """The parts of the form as its page shows them."""
        place = next(one for one in PLACES if one[0] is self.place)
        copies = [f"copy_{number}_{name}" for number in range(self.copies_shown) for name in ("what", "where", "sub_processor", "expires_days")]  # fmt: skip
        found = [
            (_("What it is"), "", ("name", "contents", "location", "copies", "payer", "note")),
            (place[2], place[3], WHERE[self.place]),
            (_("Further copies and sub-processors"), _("A replica, a second region, a tape. Leave empty what does not exist."), tuple(copies)),
            (_("Its key and its day"), "", ("key_item_id", "longer_until", "longer_reason")),
        ]  # fmt: skip
        return [
            {
                "title": title,
                "text": text,
                "fields": [self[name] for name in names],
                "rows": title == found[2][0],
            }
            for title, text, names in found
        ]

    def clean(self) -> dict[str, Any]:
        """A further copy says what it is."""
        data = super().clean() or self.cleaned_data
        for number in range(self.copies_shown):
            said = [data.get(f"copy_{number}_{name}") for name in ("where", "sub_processor", "expires_days")]
            if not data.get(f"copy_{number}_what") and any(one not in ("", None) for one in said):
                self.add_error(f"copy_{number}_what", _("Say what this copy is."))
        return data

    def facts(self) -> SetFacts:
        """The whole description. What this kind of place has no field for stays as it was."""
        data, row = self.cleaned_data, self.row
        keep = {name: getattr(row, name) for name in (*_VENDOR, "locked_until")} if row is not None else {}
        replicas = [
            Replica(*(data[f"copy_{number}_{name}"] for name in ("what", "where", "sub_processor", "expires_days")))
            for number in range(self.copies_shown)
            if data[f"copy_{number}_what"]
        ]  # fmt: skip
        said = {name: data[name] for name in (*_VENDOR, "locked_until") if name in data}
        return SetFacts(
            name=data["name"], location=data["location"], place=self.place,
            whereabouts={name: data[name] for name in _OWN if name in data}, contents=data["contents"], copies=data["copies"],
            replicas=replicas, payer=data["payer"], note=data["note"], key_item_id=id_or_none(data["key_item_id"]),
            longer_until=data["longer_until"], longer_reason=data["longer_reason"], **{**keep, **said},
        )  # fmt: skip

    def given_secret(self) -> Secret | None:
        """The secret as it was typed; None keeps what lies in the vault."""
        typed = self.cleaned_data.get("secret")
        return Secret(typed) if typed else None


def _initial(row: Any, place: Place) -> dict[str, Any]:
    plain = ("name", "contents", "location", "copies", "payer", "note", "vendor", "vendor_window_days", "cancel_on", "locked_until",
             "longer_until", "longer_reason")  # fmt: skip
    said = row.whereabouts if row.place == place else {}
    return {
        **{name: getattr(row, name) for name in plain},
        "key_item_id": str(row.key_item_id or ""),
        "path_style": True,
        **{name: said[name] for name in _OWN if name in said},
    }


class WordsForm(forms.Form):
    """Some words, asked for by their label."""

    words = forms.CharField(widget=forms.Textarea(attrs={"rows": 3}), max_length=4000)

    def __init__(self, *args: Any, label: Any, hint: Any = "", most: int = 4000, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["words"]
        field.label, field.help_text = label, hint
        field.max_length = most  # type: ignore[attr-defined]
        field.widget.attrs["maxlength"] = most


class RemoveForm(WordsForm):
    """Why a set leaves the list."""

    never_existed = forms.BooleanField(
        label=_("It was recorded by mistake: there never was such a set"), required=False,
        help_text=_("The client, to whom it was promised, is told by mail."),
    )  # fmt: skip


class OnlyCopyForm(forms.Form):
    """Which item."""

    item_id = forms.ChoiceField(label=_("The item"), widget=forms.RadioSelect)

    def __init__(self, *args: Any, items: list[Any], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["item_id"].choices = [(str(one.id), one.title) for one in items]  # type: ignore[attr-defined]
