# SPDX-License-Identifier: AGPL-3.0-or-later
"""``path("theme/", include("partwell.entrypoints.theme.urls"))``."""

from django.urls import path

from partwell.entrypoints.theme.brand import brand_css
from partwell.entrypoints.theme.gallery import gallery, gallery_job

app_name = "theme"
urlpatterns = [
    path("brand.css", brand_css, name="brand_css"),
    path("gallery/", gallery, name="gallery"),
    path("gallery/job/", gallery_job, name="gallery_job"),
    path("gallery/<slug:page>/", gallery, name="gallery_page"),
]
