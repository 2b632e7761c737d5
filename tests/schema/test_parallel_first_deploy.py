"""Decision 21: roles belong to the cluster, so parallel first deployments share them."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest

from pgschema.catalog import packaged_folders, read_catalog
from pgschema.server import EphemeralCluster

pytestmark = pytest.mark.slow

FOLDERS = packaged_folders()
FILES = read_catalog(FOLDERS.migrations, FOLDERS.rollbacks).migrations


def test_databases_of_one_new_cluster_are_deployed_at_the_same_time() -> None:
    names = [f"app{n}" for n in range(6)]

    def deploy(name: str) -> None:
        with psycopg.connect(cluster.conninfo(name), autocommit=True) as conn:
            for file in FILES:
                with conn.transaction():
                    conn.execute(file.text.encode())

    with EphemeralCluster() as cluster:
        with psycopg.connect(cluster.conninfo(), autocommit=True) as admin:
            for name in names:
                admin.execute(f"create database {name}".encode())
        with ThreadPoolExecutor(len(names)) as pool:
            list(pool.map(deploy, names))
        with psycopg.connect(cluster.conninfo()) as admin:
            row = admin.execute(
                "select count(*) from pg_auth_members where member = 'authenticator'::regrole"
            ).fetchone()
    assert row == (3,)
