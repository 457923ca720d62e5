# SPDX-License-Identifier: AGPL-3.0-or-later
"""The brand's stylesheet, and the gallery's doors."""

import pytest
from django.http import Http404
from django.test import RequestFactory, override_settings

from partwell.entrypoints.theme import brand, gallery

MSP = {"name": "Harbourline", "accent": "#ffff00"}


def ours(request: object) -> dict[str, str]:
    return MSP


@override_settings(THEME_BRAND="tests.theme.test_views.ours")
def test_brand_css_has_an_etag() -> None:
    first = brand.brand_css(RequestFactory().get("/theme/brand.css"))
    assert first["Content-Type"].startswith("text/css") and b"--pw-accent:" in first.content
    again = brand.brand_css(
        RequestFactory().get("/theme/brand.css", headers={"If-None-Match": first["ETag"]})
    )
    assert again.status_code == 304 and not again.content


@override_settings(DEBUG=False, PARTWELL_DEMO=False)
def test_the_gallery_is_closed_in_earnest() -> None:
    with pytest.raises(Http404):
        gallery.gallery(RequestFactory().get("/theme/gallery/"))
    with pytest.raises(Http404):
        gallery.gallery_job(RequestFactory().get("/theme/gallery/job/"))
