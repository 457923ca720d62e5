# SPDX-License-Identifier: AGPL-3.0-or-later
"""Included at the root: ``path("", include("partwell.entrypoints.theme.urls"))``."""

from django.urls import path

from partwell.entrypoints.theme.brand import brand_css
from partwell.entrypoints.theme.gallery import gallery, gallery_job

app_name = "theme"
urlpatterns = [
    path("theme/brand.css", brand_css, name="brand_css"),
    path("theme/gallery/", gallery, name="gallery"),
    path("theme/gallery/job/", gallery_job, name="gallery_job"),
    path("theme/gallery/<slug:page>/", gallery, name="gallery_page"),
]
