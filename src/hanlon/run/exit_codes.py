"""The exit codes of a sweep."""

COMPLETE = 0
FAILED = 1
WRONG_CONFIGURATION = 2
INCOMPLETE = 3
INTERRUPTED = 130
WORST_FIRST = (INTERRUPTED, FAILED, INCOMPLETE, COMPLETE)
"""Where parts of a sweep end differently, its exit code is the first of these that one of them has."""
