"""SmolLM2-135M in a local llama.cpp server: a real, if very small, language model without a key or a network.

It is a constant policy and carries no evidence about anything but the plumbing. ``python -m`` this package is
the server's process; `hanlon.models.local_server` starts it.
"""
