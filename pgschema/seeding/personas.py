"""The people of the small data set, with user ids that no seed changes."""

from __future__ import annotations

import hashlib
import uuid
from dataclasses import dataclass


@dataclass(frozen=True)
class Persona:
    """One person to sign in as: put `user_id` into the claim `sub`.

    `organization` is a slug, or None for someone who belongs to none.
    """

    name: str
    organization: str | None
    description: str

    @property
    def user_id(self) -> uuid.UUID:
        """Return the person's user id: the MD5 of `pgschema:persona:<name>`."""
        return user_id(self.name)


def user_id(name: str) -> uuid.UUID:
    """Return the user id of the persona of this name, as the data sets derive it in SQL."""
    digest = hashlib.md5(f"pgschema:persona:{name}".encode(), usedforsecurity=False)
    return uuid.UUID(bytes=digest.digest())


PERSONAS: tuple[Persona, ...] = (
    Persona("coordinator-k1", "NHF", "coordinator of chapters A and B, mentors 1-6"),
    Persona("coordinator-k2", "NHF", "coordinator of chapter C, mentors 7-9"),
    Persona("coordinator-k3", "HLF", "coordinator of chapter D, mentors 10-12"),
    Persona("mentor-1", "NHF", "peer mentor in chapter A; mentor-2 to mentor-12 likewise"),
    Persona("org-admin-nhf", "NHF", "administrator of NHF"),
    Persona("org-admin-hlf", "HLF", "administrator of HLF"),
    Persona("bufdir-auditor", "NHF", "Bufdir's auditor of NHF"),
    Persona("platform-admin", None, "administrator of the whole platform"),
    Persona("coordinator-five", "TEST", "coordinator of five chapters, and a peer mentor too"),
    Persona("coordinator-two-orgs", "TEST", "coordinator in TEST and in TEST-2"),
    Persona("coordinator-expired", "TEST", "coordinator whose membership has run out"),
    Persona("mentor-moved", "TEST", "peer mentor who moved to another chapter"),
    Persona("mentor-inactive", "TEST", "peer mentor whose membership was ended"),
    Persona("org-admin-test", "TEST", "administrator of TEST"),
)
