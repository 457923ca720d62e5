# SPDX-License-Identifier: AGPL-3.0-or-later
"""The main job's end: acceptance, closing, bundles, and what a stranger can check from outside."""

from typing import TYPE_CHECKING

from house import done, expect

if TYPE_CHECKING:
    from main_job import World


def bundles(world: "World") -> None: ...


def accept(world: "World") -> None:
    """The signatory goes through the list and signs; a second employee calls back."""
    from partwell.actions.offboardings.prepare_acceptance import prepare_acceptance
    from partwell.actions.offboardings.sign_acceptance import Answers, confirm_acceptance_by_call, sign_acceptance

    world.log.step("11. Acceptance")
    asked = done(prepare_acceptance(actor=world.dan, offboarding_id=world.offboarding.id))
    lines = list(asked.lines.all())
    exception = next(line for line in lines if line.standing == "confirmed")
    done(sign_acceptance(actor=world.mara, acceptance_id=asked.id, shown_digest=asked.list_digest, intent=True, electronic_form=True,
                         agent="main_job.py", answers=Answers(lines={exception.id: ("rejected", "Belongs to the former tenant.")},
                                                              rest="accepted", words="One exception, see the list.")))  # fmt: skip
    row = done(confirm_acceptance_by_call(actor=world.priya, acceptance_id=asked.id, confirmed=True, note="Reached on the number on file."))
    world.log.fact("Lines gone through, state", f"{len(lines)}, {row.state}", "lines of the acceptance")


def close(world: "World") -> None:
    """The plan's steps are finished in their order; closing says what stops it until nothing does."""
    from partwell.actions.offboardings.close_offboarding import close_offboarding, still_stops
    from partwell.actions.offboardings.plan_steps import finish_step
    from partwell.workers import jobs

    world.log.step("12. Closing")
    stops = done(still_stops(world.offboarding.id))
    world.log.fact("Stops closing", "; ".join(one.code for one in stops))
    steps = world.offboarding.steps
    ready = True
    while ready:
        settled = set(steps.exclude(done_at=None).values_list("key", flat=True)) | set(steps.exclude(removed_at=None).values_list("key", flat=True))
        open_ones = steps.filter(done_at=None, removed_at=None, blocks_closing=True).exclude(key="accept")
        ready = [one for one in open_ones if set(one.after) <= settled]
        for one in ready:
            done(finish_step(actor=world.jonah, step_id=one.id), one.title)
    while jobs.run_one():
        pass
    world.deliver()
    stops = done(still_stops(world.offboarding.id))
    expect(not stops, f"Closing is still stopped: {'; '.join(one.sentence for one in stops)}")
    done(close_offboarding(actor=world.ines, offboarding_id=world.offboarding.id))
    while jobs.run_one():
        pass
    world.deliver()
    world.client.refresh_from_db()
    expect(world.client.state == "inactive", "The client is not inactive.")
    world.log.fact("The client is", world.client.state)


def check_from_outside(world: "World") -> None: ...
