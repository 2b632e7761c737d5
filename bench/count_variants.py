"""The ways to keep an assignment count that are compared, as the triggers that keep it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Variant:
    """One way to keep the count. `sql` takes the place of V002's count triggers; None keeps them.

    `counts` says whether it promises an exact count.
    """

    name: str
    sql: str | None
    counts: bool = True


_INCREMENT = """
create function bench.count_row() returns trigger language plpgsql as $$
begin
    update public.peer_mentors
    set assignment_count = assignment_count + 1
    where org_id = new.org_id and id = new.peer_mentor_id;
    return null;
end
$$;
create trigger assignments_500_count_insert after insert on public.assignments
    for each row execute function bench.count_row();
"""

_ORDERED = """
create function bench.count_statement() returns trigger language plpgsql as $$
begin
    perform 1
    from public.peer_mentors as m
    where m.id in (select n.peer_mentor_id from new_rows as n)
    order by m.id
    for no key update;
    update public.peer_mentors as m
    set assignment_count = m.assignment_count + n.added
    from (select peer_mentor_id, count(*) as added from new_rows group by peer_mentor_id) as n
    where m.id = n.peer_mentor_id;
    return null;
end
$$;
create trigger assignments_500_count_insert after insert on public.assignments
    referencing new table as new_rows
    for each statement execute function bench.count_statement();
"""

VARIANTS = (
    Variant("none", "", counts=False),
    Variant("row trigger", _INCREMENT),
    Variant("statement trigger, ordered", _ORDERED),
    Variant("V002: ledger, applied at commit", None),
)
