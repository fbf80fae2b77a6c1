"""The verdicts on a definition and on what may be deployed instead of it, together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from pipelines.checking.verdict import ActivityVerdict, Needs, PipelineVerdict, Reason

Found = tuple[str, PipelineVerdict]
"""A condition, as ``if the condition 'Prod' does not hold``, and the verdicts under it."""


def together(base: PipelineVerdict, variants: Sequence[Found]) -> PipelineVerdict:
    """The worst of the verdicts on each activity. A reason that not all have names its condition."""
    found = {each.id: _with_conditions(each, variants) for each in base.activities}
    plain = {each.id: each for each in base.activities}
    unread = dict.fromkeys(base.unread)
    groups = dict.fromkeys(base.worker_groups)
    for condition, variant in variants:
        unread |= dict.fromkeys(variant.unread)
        groups |= dict.fromkeys(variant.worker_groups)
        for other in variant.activities:
            nothing = replace(other, reasons=(), needs=Needs(other.needs.route))
            known = plain.get(other.id, nothing)
            found[other.id] = _both(found.get(other.id, nothing), known, other, condition)
    return replace(base, activities=tuple(found.values()), unread=tuple(unread), worker_groups=tuple(groups))


def _with_conditions(one: ActivityVerdict, variants: Sequence[Found]) -> ActivityVerdict:
    """Reasons that a variant lacks, with the condition that makes them."""
    reasons = one.reasons
    for condition, variant in variants:
        others = {reason for each in variant.activities if each.id == one.id for reason in each.reasons}
        holds = condition.replace(" does not hold", " holds")
        if holds != condition:
            reasons = tuple(
                replace(reason, message=f"{holds}: {reason.message}")
                if reason in one.reasons and reason not in others
                else reason
                for reason in reasons
            )
    return replace(one, reasons=reasons)


def _both(
    told: ActivityVerdict, known: ActivityVerdict, other: ActivityVerdict, condition: str
) -> ActivityVerdict:
    """``told`` with what ``other`` alone has; ``known`` is what there is if all conditions hold."""
    messages = {reason.message.rpartition("hold: ")[2] for reason in told.reasons}
    more = tuple(
        Reason(reason.asks_for, reason.field, f"{condition}: {reason.message}", reason.page)
        for reason in other.reasons
        if reason not in known.reasons and reason.message not in messages
    )
    needs = Needs(told.needs.route or other.needs.route)
    needs.include(told.needs)
    needs.include(other.needs)
    needs.continuous = told.needs.continuous or other.needs.continuous
    return replace(told, reasons=(*told.reasons, *more), needs=needs)
