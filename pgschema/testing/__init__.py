"""The harness: databases for tests, personas, SQL tests, golden files."""
