"""Where a model's commands run. `base` is the contract; `virtual` is the default backend."""
