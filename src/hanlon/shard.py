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

    def has(self, index: int) -> bool:
        """Whether an index belongs to this shard."""
        return index % self.of == self.number - 1

    def file_name(self, stem: str) -> str:
        """The file of a cell that only this shard writes."""
        return f"{stem}.jsonl" if self.of == 1 else f"{stem}.{self.number}of{self.of}.jsonl"
