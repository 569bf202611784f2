"""Hanlon: was it scheming, or confused? Sweeps over the factors of a language model's alarming behaviour."""
