"""How episodes are sampled and questions asked: lanes, limiter, retries, breaker, budget, writer.

The only room with many calls under way at once.
"""
