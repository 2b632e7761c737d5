"""Pure: files + ledger + target -> what stands where and which steps to take; refuses nonsense."""

from __future__ import annotations

from pgschema.plan.steps import Direction, Plan, Step, plan_migrate, plan_rollback
from pgschema.plan.survey import Standing, State, edit_diff, problems, survey

__all__ = [
    "Direction",
    "Plan",
    "Standing",
    "State",
    "Step",
    "edit_diff",
    "plan_migrate",
    "plan_rollback",
    "problems",
    "survey",
]
