# SPDX-License-Identifier: AGPL-3.0-or-later
"""What happens: one verb per file, the only writers.

An action requires an actor, does slow work first, opens one deed (``base.Deed``), locks the client,
gathers facts, asks the rule, writes rows, records evidence, queues what must leave. It *returns* its
result or a ``Refusal``; raising rolls everything back, the evidence of a refusal too.
"""
