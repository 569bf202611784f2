"""Where Hydra discovers Hanlon: the `pool` launcher, the `grid` sweeper, and models without a file."""
