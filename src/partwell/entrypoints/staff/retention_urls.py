# SPDX-License-Identifier: AGPL-3.0-or-later
"""Addresses of backup sets, holds and deletions; namespace ``staff``."""

from typing import Any

from django.urls import path

from partwell.entrypoints.staff import (
    deletion_lines,
    deletion_steps,
    deletion_work,
    deletions,
    holds,
    retention,
    retention_client,
    set_files,
    set_work,
    sets,
)

_C, _S, _H = "clients/<str:client_id>/", "sets/<str:set_id>/", "holds/<str:hold_id>/"
_D, _STEP = "deletions/<str:deletion_id>/", "deletions/<str:deletion_id>/steps/<str:hand_id>/"

urlpatterns: list[Any] = [
    path("retention/", retention.overview, name="retention"),
    path("retention/propose/", retention.propose_many_sets, name="retention_propose"),
    path(f"{_C}data/", retention_client.client_data, name="client_data"),
    path(
        "offboardings/<str:offboarding_id>/data/", retention_client.offboarding_data, name="offboarding_data"
    ),
    path(f"{_C}sets/add/", set_work.set_add, name="set_add"),
    path(_S, sets.backup_set, name="set"),
    path(f"{_S}change/", set_work.set_change, name="set_change"),
    path(f"{_S}files/add/", set_files.set_file_add, name="set_file_add"),
    path(f"{_S}files/<str:file_id>/", set_files.set_file, name="set_file"),
    path(f"{_S}return/", set_work.set_return, name="set_return"),
    path(f"{_S}remove/", set_work.set_remove, name="set_remove"),
    path(f"{_S}only-copies/add/", set_work.only_copy_add, name="only_copy_add"),
    path("only-copies/<str:only_id>/handed-over/", set_work.only_copy_given, name="only_copy_given"),
    path("only-copies/<str:only_id>/other-copy/", set_work.only_copy_other, name="only_copy_other"),
    path(f"{_S}propose/", deletion_work.deletion_propose, name="deletion_propose"),
    path(f"{_C}holds/place/", holds.hold_place, name="hold_place"),
    path(_H, holds.hold, name="hold"),
    path(f"{_H}review/", holds.hold_review, name="hold_review"),
    path(f"{_H}ask-lift/", holds.hold_ask_lift, name="hold_ask_lift"),
    path(f"{_H}lift/", holds.hold_lift, name="hold_lift"),
    path(f"{_H}keep/", holds.hold_keep, name="hold_keep"),
    path(_D, deletions.deletion, name="deletion"),
    path(f"{_D}part/", deletions.deletion_part, name="deletion_part"),
    path(f"{_D}things/", deletion_lines.things, name="deletion_things"),
    path(f"{_D}file/<str:what>/", deletion_lines.deletion_file, name="deletion_file"),
    path(f"{_D}approve/", deletion_work.deletion_approve, name="deletion_approve"),
    path(f"{_D}list/", deletion_work.deletion_list, name="deletion_list"),
    path(f"{_D}start/", deletion_work.deletion_start, name="deletion_start"),
    path(f"{_D}verify/", deletion_work.deletion_verify, name="deletion_verify"),
    path(f"{_D}stop/", deletion_work.deletion_stop, name="deletion_stop"),
    path(f"{_D}resume/", deletion_work.deletion_resume, name="deletion_resume"),
    path(f"{_D}cancel/", deletion_work.deletion_cancel, name="deletion_cancel"),
    path(f"{_D}except/", deletion_lines.deletion_except, name="deletion_except"),
    path(f"{_D}left/", deletion_steps.deletion_left, name="deletion_left"),
    path(f"{_D}validate/", deletion_work.deletion_validate, name="deletion_validate"),
    path(_STEP, deletion_steps.step_do, name="deletion_step"),
    path(f"{_STEP}undo/", deletion_steps.step_undo, name="deletion_step_undo"),
    path(f"{_STEP}proof/", deletion_steps.step_proof, name="deletion_step_proof"),
]
