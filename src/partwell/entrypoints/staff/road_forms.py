# SPDX-License-Identifier: AGPL-3.0-or-later
"""The forms of roads: a mailbox, and a webhook. A secret is never shown again; an empty field keeps it."""

from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as later

from partwell.connectors.oauth import PROVIDERS
from partwell.connectors.secret import Secret
from partwell.rules.mail_services import SERVICES

_PASSWORD = forms.PasswordInput(attrs={"autocomplete": "new-password"})
SECRETS = ("secret", "refresh", "storage")


def _secret(label: Any, help_text: Any) -> forms.CharField:
    return forms.CharField(
        label=label, max_length=16000, strip=False, widget=_PASSWORD, help_text=help_text, required=False
    )


class RoadForm(forms.Form):
    """What both kinds share. ``settings``, ``given``: what the actions take. ``kept``: there is a secret already."""

    groups_of: tuple[tuple[Any, Any, tuple[str, ...]], ...] = ()
    name = forms.CharField(label=later("Name"), max_length=120, help_text=later("For this page only."))

    def __init__(self, *arguments: Any, kept: bool = False, **options: Any) -> None:
        super().__init__(*arguments, **options)
        for name in SECRETS:
            if kept and name in self.fields:
                self.fields[name].help_text = _("Leave it empty to keep what is there. It is never shown.")

    @property
    def settings(self) -> dict[str, Any]:
        """The settings without name and secrets."""
        return {name: value for name, value in self.cleaned_data.items() if name not in ("name", *SECRETS)}

    def given(self, name: str) -> Secret | None:
        """A secret that was typed; None where its field stayed empty."""
        value = self.cleaned_data.get(name) or ""
        return Secret(value) if value else None

    def folded(self, names: tuple[str, ...]) -> bool:
        """Whether a group lies in a fold: nothing in it is wanted as the form stands."""
        return False

    def groups(self) -> list[dict[str, Any]]:
        """The page's groups of fields."""
        return [
            {
                "title": title,
                "text": text,
                "fields": [self[name] for name in names],
                "folded": self.folded(names),
            }
            for title, text, names in self.groups_of
        ]


class ImapForm(RoadForm):
    """A mailbox that is read."""

    host = forms.CharField(label=later("Server"), max_length=253)
    port = forms.IntegerField(label=later("Port"), min_value=1, max_value=65535, initial=993)
    security = forms.ChoiceField(
        label=later("Security"),
        choices=[
            ("tls", later("TLS")),
            ("starttls", "STARTTLS"),
            ("none", later("None, on this machine only")),
        ],
    )
    user = forms.CharField(label=later("User"), max_length=200)
    folder = forms.CharField(label=later("Folder"), max_length=200, initial="INBOX")
    auth = forms.ChoiceField(
        label=later("Signs in by"),
        choices=[
            ("password", later("Password")),
            ("oauth", later("OAuth, with tokens that renew themselves")),
            ("xoauth2", later("An OAuth token of your own (XOAUTH2)")),
        ],
    )
    secret = _secret(
        later("Password, token, or the OAuth client’s secret"), later("Sealed at once and never shown again.")
    )
    provider = forms.ChoiceField(
        label=later("Provider"),
        choices=[(one.code, one.name) for one in PROVIDERS.values()],
        required=False,
        initial="microsoft",
    )
    grant = forms.ChoiceField(
        label=later("It asks as"),
        choices=[
            ("refresh_token", later("A person who agreed once (refresh token)")),
            ("client_credentials", later("The application itself (client credentials)")),
        ],
        required=False,
        initial="refresh_token",
    )
    client_id = forms.CharField(label=later("Client (application) ID"), max_length=300, required=False)
    tenant = forms.CharField(
        label=later("Tenant"),
        max_length=127,
        required=False,
        help_text=later("For Microsoft 365: its ID or domain."),
    )
    refresh = _secret(later("Refresh token"), later("Sealed at once and never shown again."))
    token_url = forms.CharField(
        label=later("Token address"),
        max_length=500,
        required=False,
        help_text=later("For another provider: https."),
    )
    scopes = forms.CharField(
        label=later("Scopes"),
        max_length=1000,
        required=False,
        help_text=later("Empty: the provider’s own for IMAP."),
    )
    after = forms.ChoiceField(
        label=later("What is done with a mail once it is kept here"),
        choices=[
            ("seen", later("It is marked as read")),
            ("move", later("It is moved to another folder")),
            ("nothing", later("Nothing")),
        ],
    )
    into = forms.CharField(label=later("The other folder"), max_length=200, required=False)
    servers = forms.CharField(
        label=later("Your own mail servers"), max_length=500, required=False,
        help_text=later("Host names as in their Received lines, commas between. Only where every mail passes them; else leave it empty."),
    )  # fmt: skip
    groups_of = (
        (later("The mailbox"), "", ("name", "host", "port", "security", "user", "folder")),
        (later("Signing in"), "", ("auth", "secret")),
        (
            later("OAuth"),
            later("Only where it signs in by OAuth."),
            ("provider", "grant", "client_id", "tenant", "refresh", "token_url", "scopes"),
        ),
        (later("Once a mail is kept"), later("Nothing is deleted."), ("after", "into")),
        (
            later("Who sent a mail"),
            later("A server that you name tells who handed it a mail, and SPF is judged by that. Without one it is not judged; DKIM always is."),
            ("servers",),
        ),
    )  # fmt: skip

    def folded(self, names: tuple[str, ...]) -> bool:
        """What only OAuth needs, while it signs in otherwise."""
        return (
            "client_id" in names
            and self["auth"].value() != "oauth"
            and not any(n in self.errors for n in names)
        )

    def clean(self) -> dict[str, Any]:
        """Choices that were left out have their defaults."""
        found = super().clean() or {}
        found["provider"] = found.get("provider") or "microsoft"
        found["grant"] = found.get("grant") or "refresh_token"
        return found


class WebhookForm(RoadForm):
    """A service or script that hands mail over."""

    service = forms.ChoiceField(
        label=later("Service"), choices=[(one.code, one.name) for one in SERVICES.values()]
    )
    secret = _secret(
        later("Its signing key, or a password of your own"), later("Sealed at once and never shown again.")
    )
    user = forms.CharField(
        label=later("User"), max_length=64, required=False, initial="partwell",
        help_text=later("Stands with the password in the address, where the service signs nothing (Postmark, SendGrid, SparkPost, Amazon SES)."),
    )  # fmt: skip
    topic = forms.CharField(
        label=later("Topic"),
        max_length=400,
        required=False,
        help_text=later("For Amazon SES: the SNS topic’s ARN."),
    )
    bucket = forms.CharField(label=later("Bucket"), max_length=63, required=False)
    region = forms.CharField(
        label=later("Region"), max_length=40, required=False, help_text=later("Empty: the topic’s.")
    )
    access_key = forms.CharField(
        label=later("Access key ID"), max_length=128, required=False,
        help_text=later("It has to read the bucket (s3:GetObject), no more."),
    )  # fmt: skip
    storage = _secret(later("Secret access key"), later("Sealed at once and never shown again."))
    groups_of = (
        (later("The service"), "", ("name", "service")),
        (
            later("How it proves itself"),
            later("Mailgun, Mandrill, MailerSend and Postal sign with a key that they show you. The others get a password of 20 signs or more that you make up; your own script a secret of 32."),
            ("secret", "user", "topic"),
        ),
        (
            later("Large mails"),
            later("Only for Amazon SES that keeps mails in a bucket."),
            ("bucket", "region", "access_key", "storage"),
        ),
    )  # fmt: skip

    def folded(self, names: tuple[str, ...]) -> bool:
        """The bucket, while none is named."""
        return "bucket" in names and not self["bucket"].value() and not any(n in self.errors for n in names)

    def __init__(self, *arguments: Any, kept: bool = False, **options: Any) -> None:
        super().__init__(*arguments, kept=kept, **options)
        self.fields["secret"].required = not kept

    def clean(self) -> dict[str, Any]:
        """Without a user, our own name."""
        found = super().clean() or {}
        found["user"] = found.get("user") or "partwell"
        return found


FORMS: dict[str, type[RoadForm]] = {"imap": ImapForm, "webhook": WebhookForm}
TITLES = {"imap": later("A mailbox that is read"), "webhook": later("A webhook that takes mail")}
# field → what a refusal names
FIELDS = {
    "host": "The host", "port": "The port", "security": "Security", "secret": "The secret|The password or token|The client's secret",
    "user": "User|The user|The user and the folder", "folder": "Folder", "into": "Into|The folder to move to", "name": "The name",
    "provider": "The provider", "grant": "How it asks", "client_id": "The client", "tenant": "The tenant", "token_url": "The token address",
    "scopes": "The scopes", "refresh": "The refresh token", "servers": "Your own servers", "service": "The service", "topic": "The topic",
    "bucket": "The bucket", "region": "The region", "access_key": "The access key", "storage": "The secret access key",
    "auth": "Auth", "after": "After",
}  # fmt: skip
