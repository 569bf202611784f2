"""The page that is handed over, and the reader of transcripts in it and in `hanlon view`.

What a model wrote is text here, never markup: Jinja2 escapes it, the reader builds its page with `textContent`, and a
policy in the page forbids every script but its own and every load.
"""
