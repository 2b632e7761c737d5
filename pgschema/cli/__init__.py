"""The command line: parse, call the stages in order, one exit point; the only place that prints."""
