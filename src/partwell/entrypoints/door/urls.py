# SPDX-License-Identifier: AGPL-3.0-or-later
"""Addresses that belong to no single door: set-up, staff sign-in, mailed links, the logo, the post office."""

from typing import Any

from django.urls import include, path

from partwell.entrypoints.door import brand, habits, invited, portal, post_office, setup

urlpatterns: list[Any] = [
    path("setup/", setup.first_visit, name="set_up"),
    path("account/", include("partwell.entrypoints.door.account_urls")),
    path("in/<str:token>/", portal.enter_by_link, name="enter"),
    path("invited/<str:token>/", invited.invited, name="invited"),
    path("brand/logo/<str:digest>/", brand.logo, name="brand_logo"),
    path("calendar/<str:token>.ics", habits.calendar, name="calendar_feed"),
    path("digest/<str:token>/", habits.unsubscribe, name="unsubscribe"),
    path("post-office/", post_office.inbox, name="post_office"),
    path("post-office/<str:message_id>/", post_office.mail, name="post_office_mail"),
    path("post-office/<str:message_id>/html/", post_office.mail_html, name="post_office_html"),
    path("post-office/<str:message_id>/raw/", post_office.mail_raw, name="post_office_raw"),
]
