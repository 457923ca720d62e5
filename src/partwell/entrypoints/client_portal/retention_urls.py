# SPDX-License-Identifier: AGPL-3.0-or-later
"""Addresses of the client's data; included by client_portal/urls.py under ``client``."""

from typing import Any

from django.urls import path

from partwell.entrypoints.client_portal import (
    retention,
    retention_choice,
    retention_deletion,
    retention_passkey,
)

_H, _S, _D = (
    "retention/holds/<str:hold_id>/",
    "retention/sets/<str:set_id>/",
    "retention/deletions/<str:deletion_id>/",
)

urlpatterns: list[Any] = [
    path("retention/", retention.your_data, name="retention"),
    path("retention/choose/", retention_choice.choose, name="choice"),
    path("retention/choose/sign/", retention_choice.choice_sign, name="choice_sign"),
    path("retention/choose/options/", retention_passkey.choice_options, name="choice_passkey_options"),
    path("retention/choose/passkey/", retention_passkey.choice_passkey, name="choice_passkey"),
    path("retention/waive/options/", retention_passkey.waiver_options, name="waiver_passkey_options"),
    path("retention/waive/passkey/", retention_passkey.waiver_passkey, name="waiver_passkey"),
    path("retention/waive/", retention_choice.waive, name="waiver"),
    path("retention/waive/sign/", retention_choice.waive_sign, name="waiver_sign"),
    path(f"{_S}object/", retention_choice.objection, name="objection"),
    path(f"{_S}object/send/", retention_choice.objection_send, name="objection_send"),
    path(f"{_S}files/<str:file_id>/", retention.set_file, name="set_file"),
    path(f"{_H}lift/", retention.hold_lift, name="hold_lift"),
    path(f"{_H}keep/", retention.hold_keep, name="hold_keep"),
    path(f"{_H}take-back/", retention.objection_back, name="objection_back"),
    path(_D, retention_deletion.deletion, name="deletion"),
    path(f"{_D}approve/", retention_deletion.deletion_approve, name="deletion_approve"),
    path(f"{_D}validate/", retention_deletion.deletion_validate, name="deletion_validate"),
    path(f"{_D}files/<str:what>/", retention_deletion.deletion_file, name="deletion_file"),
    path(f"{_D}steps/<str:step_id>/proof/", retention_deletion.deletion_proof, name="deletion_proof"),
]
