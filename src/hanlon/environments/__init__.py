"""What the model is put into. `base` is the contract; each environment is one folder beside it."""
