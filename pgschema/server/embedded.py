"""The lasting cluster of `pgschema up`."""
