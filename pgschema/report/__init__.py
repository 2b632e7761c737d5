"""Records in, text out: what a result looks like to a person and to a program; prints nothing."""
