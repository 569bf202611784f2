"""How a sweep is run: rollout, workers, retry, store, launcher. The only place with concurrency."""
