"""Whatever decides about access is in one reviewed text; every loosening changes it."""

from __future__ import annotations

from pathlib import Path

import pytest

from pgschema.testing.access import access_snapshot
from pgschema.testing.clones import Clone

GOLDEN = Path(__file__).parents[1] / "golden" / "access.tsv"

LOOSENED = {
    "a policy's rows": "alter policy authenticated_select on public.assignments using (true)",
    "a policy's check": "alter policy authenticated_update on public.chapters with check (true)",
    "a policy's role": "alter policy authenticated_select on public.chapters to public",
    "a policy too many": "create policy more on public.chapters for delete to anon using (true)",
    "a policy too few": "drop policy authenticated_select on public.chapters",
    "row security off": "alter table public.chapters disable row level security",
    "row security not forced": "alter table public.chapters no force row level security",
    "a grant on a table": "grant trigger on public.chapters to anon",
    "a grant on a column": "grant update (org_id) on public.peer_mentors to authenticated",
    "a grant on the counts": "grant update (assignment_count) on public.peer_mentors "
    "to service_role",
    "a grant on a sequence": "grant usage on all sequences in schema stats to anon",
    "a grant on a schema": "grant create on schema public to authenticated",
    "a grant on a function": "grant execute on function authz.my_chapter_ids() to public",
    "a grant that can be passed on": "grant select on public.chapters to authenticated "
    "with grant option",
    "default privileges": "alter default privileges in schema public grant all on tables to anon",
    "another owner": "alter table public.chapters owner to service_role",
    "a function's owner": "alter function authz.my_chapter_ids() owner to service_role",
    "a definer function": "alter function authz.uid() security definer",
    "a definer's search_path": "alter function authz.my_chapter_ids() set search_path = public",
    "a definer without a search_path": "alter function authz.my_chapter_ids() reset search_path",
    "a tenant's key": "alter table public.peer_mentors "
    "drop constraint peer_mentors_org_id_chapter_id_fkey",
    "a guard": "alter table public.assignments disable trigger assignments_100_guard_insert",
    "a published table": "create publication leak for table public.peer_mentors",
    "the ledger's schema": "grant usage on schema pgschema to anon",
    "the ledger's schema, to make things in": "grant create on schema pgschema to service_role",
    "a table of the ledger": "grant select on pgschema.applied_files to authenticated",
    "a column of the ledger": "grant update (checksum) on pgschema.applied_files to service_role",
    "the ledger's row security": "alter table pgschema.applied_files disable row level security",
    "a policy of the ledger": "create policy more on pgschema.applied_files using (true)",
    "default privileges of the ledger": "alter default privileges in schema pgschema "
    "grant select on tables to anon",
    "a function of the ledger": "create function pgschema.f() returns int return 1",
    "a view past row security": "create view public.all_mentors as "
    "select * from public.peer_mentors",
}


def _snapshot(clone: Clone) -> str:
    return access_snapshot(clone.owner)


def test_access_is_as_it_was_reviewed(empty_db: Clone) -> None:
    wanted = GOLDEN.read_text(encoding="utf-8").splitlines()
    found = _snapshot(empty_db).splitlines()
    changed = [f"- {line}" for line in wanted if line not in found]
    changed += [f"+ {line}" for line in found if line not in wanted]
    assert changed == [], "If the change is meant and reviewed: make generate"


@pytest.mark.parametrize("change", LOOSENED.values(), ids=LOOSENED)
def test_the_snapshot_shows(empty_db: Clone, change: str) -> None:
    before = _snapshot(empty_db)
    empty_db.owner.execute(change)
    assert _snapshot(empty_db) != before


def test_the_snapshot_is_the_same_with_rows(db: Clone, empty_db: Clone) -> None:
    assert _snapshot(db) == _snapshot(empty_db)
