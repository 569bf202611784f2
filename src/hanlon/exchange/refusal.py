"""Why a file is not taken, in a sentence for the person who brought it."""


class Refusal(Exception):
    """A table, its map or a store cannot be used; the message names the file, the key and what would be right."""
