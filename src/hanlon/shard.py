"""How several processes share the episodes of a cell: `shard=i/n`."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Shard:
    """Part `number` (1-based) of `of`: the episode indices with `index % of == number - 1`."""

    number: int = 1
    of: int = 1

    def indices(self, samples: int) -> range:
        """The indices below `samples` that belong to this shard."""
        return range(self.number - 1, samples, self.of)

    @property
    def file_name(self) -> str:
        """The episode file that only this shard writes."""
        return "episodes.jsonl" if self.of == 1 else f"episodes.{self.number}of{self.of}.jsonl"
