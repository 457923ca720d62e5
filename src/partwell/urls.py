# SPDX-License-Identifier: AGPL-3.0-or-later
"""Every address of Partwell. Each view says which door it stands behind; an unlisted one fails a test."""

from django.urls import include, path

urlpatterns = [
    path("", include("partwell.entrypoints.door.urls")),
    path("", include("partwell.entrypoints.theme.urls")),
    path("", include("partwell.entrypoints.staff.urls")),
    path("client/", include("partwell.entrypoints.client_portal.urls")),
    path("provider/", include("partwell.entrypoints.provider_portal.urls")),
    path("api/", include("partwell.entrypoints.api.urls")),
    path("mail/in/", include("partwell.entrypoints.mailbox.urls")),
    path("problems/", include("partwell.entrypoints.api.problem_urls")),
]

handler403 = "partwell.entrypoints.theme.errors.forbidden"
handler404 = "partwell.entrypoints.theme.errors.not_found"
handler500 = "partwell.entrypoints.theme.errors.server_error"
handler429 = "partwell.entrypoints.door.throttle.too_many"
