import pathlib

from django.conf import settings
from django.test import override_settings

from partwell.actions.people import passkeys as keys
from partwell.actions.people import staff
from partwell.actions.people.enter import make_link
from partwell.actions.people.tokens import make_token
from partwell.connectors.catcher import Catcher
from partwell.rules.terms import StaffRole
from tests.flows.browser_of import browser_of
from tests.flows.cast import cast
from tests.flows.signing_in import *
from tests.support.authenticator import Passkey

OUT = pathlib.Path("/tmp/pw-signin/shots")
OUT.mkdir(exist_ok=True)


def shots(chromium, url, name, path, cookies=()):
    for scheme in ("light", "dark"):
        for w in (1440, 390):
            ctx = chromium.new_context(
                base_url=url, viewport={"width": w, "height": 900 if w > 500 else 844}, color_scheme=scheme
            )
            if cookies:
                ctx.add_cookies([{"name": n, "value": v, "url": url + p} for n, v, p in cookies])
            p = ctx.new_page()
            p.on("console", lambda m: print("CONSOLE", m.text))
            p.on("response", lambda r: print("RESP", r.status, r.url) if "html/" in r.url else None)
            r = p.goto(path)
            over = p.evaluate("document.documentElement.scrollWidth-document.documentElement.clientWidth")
            print(name, scheme, w, r.status, p.url.replace(url, ""), "OVERFLOW %s" % over if over > 0 else "")
            p.wait_for_timeout(300)
            p.screenshot(path=str(OUT / f"{name}-{w}-{scheme}.png"), full_page=True)
            ctx.close()


def test_before(chromium, site):
    shots(chromium, site.url, "setup", "/setup/")


def test_after(chromium, site):
    c = cast(items=True, signed=True)
    shots(chromium, site.url, "login", "/account/login/")
    shots(chromium, site.url, "reset", "/account/password/reset/")
    shots(chromium, site.url, "client-sign-in", "/client/sign-in/")
    t = make_link("client", c.mara.id)
    shots(chromium, site.url, "enter", f"/in/{t}/")
    shots(chromium, site.url, "expired", "/in/abc/")
    done = staff.invite_staff(
        actor=c.jonah, name="Noor Haddad", email="noor@harbourline.example", role=StaffRole.TECHNICIAN
    )
    link = links_in(mails_to("noor@harbourline.example")[-1]["text"])[0]
    shots(chromium, site.url, "invited", link)
    make_token(
        actor=c.jonah,
        staff_id=c.dan.id,
        name="Nightly export",
        scopes=["estate:read", "evidence:read"],
        days=90,
    )
    b = browser_of(c.mara)
    o = b.post("/client/passkeys/options/", {}, content_type="application/json", SERVER_NAME="localhost")
    b.post(
        "/client/passkeys/add/",
        Passkey(keys.origin(), keys.rp_id()).create(o.content),
        content_type="application/json",
        SERVER_NAME="localhost",
    )
    shots(
        chromium,
        site.url,
        "client-passkeys",
        "/client/passkeys/",
        [("pw_client", b.cookies["pw_client"].value, "/client/")],
    )
    s = browser_of(c.jonah)
    ck = [("pw_staff", s.cookies["pw_staff"].value, "/")]
    for name, path in (
        ("settings", "/settings/"),
        ("people", "/settings/people/"),
        ("person", f"/settings/people/{c.ines.id}/"),
        ("invite", "/settings/people/invite/"),
        ("tokens", "/settings/tokens/"),
        ("security", "/settings/security/"),
        ("search", "/search/?q=r"),
        ("call", f"/contacts/{c.mara.id}/passkeys/"),
        ("mfa", "/account/2fa/"),
        ("totp", "/account/2fa/totp/activate/"),
        ("logout", "/account/logout/"),
        ("pwchange", "/account/password/change/"),
    ):
        shots(chromium, site.url, name, path, ck)
    cat = Catcher(settings.PARTWELL_HOME / "inbox")
    stop = cat.start()
    import smtplib
    from email.message import EmailMessage

    m = EmailMessage()
    m["From"] = "desk@harbourline.example"
    m["To"] = "mara@northwick.example"
    m["Subject"] = "Your sign-in link for Harbourline IT"
    w = mails_to("noor@harbourline.example")[-1]
    m.set_content(w["text"])
    m.add_alternative(w["html"], subtype="html")
    with smtplib.SMTP(cat.host, cat.port) as x:
        x.send_message(m)
    stop()
    with override_settings(PARTWELL_DEMO=True):
        shots(chromium, site.url, "post", "/post-office/")
        shots(chromium, site.url, "post-mail", f"/post-office/{cat.list_messages()[0].message_id}/")
