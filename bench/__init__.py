"""Benchmarks: pgschema against its peers, and the schema against its budgets.

Every figure is taken on a server of the benchmark's own, together with the figures that it is
compared with, in interleaved rounds of one run; see `docs/howto/run-the-benchmarks.md`.
"""
