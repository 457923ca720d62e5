# SPDX-License-Identifier: AGPL-3.0-or-later
"""Addresses of the staff pages about settings; included by staff/urls.py under the namespace ``staff``."""

from typing import Any

from django.urls import path

from partwell.entrypoints.staff import habits, letters, people, roads, search, settings, tokens

urlpatterns: list[Any] = [
    path("settings/", settings.settings, name="settings"),
    path("me/", habits.habits, name="habits"),
    path("me/calendar/", habits.feed_make, name="feed_make"),
    path("me/calendar/<str:feed_id>/end/", habits.feed_end, name="feed_end"),
    path("settings/people/", people.people, name="people"),
    path("settings/people/invite/", people.invite, name="person_invite"),
    path(
        "settings/people/invitations/<str:invitation_id>/end/", people.invitation_end, name="invitation_end"
    ),
    path("settings/people/<str:staff_id>/", people.person, name="person"),
    path("settings/people/<str:staff_id>/leave/", people.leave, name="person_leave"),
    path("settings/mail/", roads.roads, name="roads"),
    path("settings/mail/add/<str:kind>/", roads.road_add, name="road_add"),
    path("settings/mail/<str:road_id>/", roads.road_change, name="road_change"),
    path("settings/mail/<str:road_id>/try/", roads.road_try, name="road_try"),
    path("settings/mail/<str:road_id>/switch/", roads.road_switch, name="road_switch"),
    path("settings/mail/<str:road_id>/remove/", roads.road_remove, name="road_remove"),
    path("settings/tokens/", tokens.tokens, name="tokens"),
    path("settings/tokens/<str:token_id>/revoke/", tokens.revoke, name="token_revoke"),
    path("settings/letters/", letters.letters_home, name="letters"),
    path("settings/letters/<str:key>/<str:language>/", letters.letter_change, name="letter_change"),
    path(
        "settings/letters/<str:key>/<str:language>/preview/<str:what>/",
        letters.letter_shown,
        name="letter_shown",
    ),
    path("settings/letters/<str:key>/<str:language>/restore/", letters.letter_restore, name="letter_restore"),
    path("settings/security/", search.security, name="security"),
    path("contacts/<str:contact_id>/passkeys/", people.passkey_call, name="contact_passkeys"),
    path("search/", search.search, name="search"),
    path("search/palette/", search.palette, name="palette"),
]
