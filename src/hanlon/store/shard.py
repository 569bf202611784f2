"""How several processes share the episodes of a cell: `shard=i/n`."""

import math
import re
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
        """Whether an episode belongs to this shard."""
        return index % self.of == self.number - 1

    def part(self, number: int, of: int) -> "Shard":
        """Part `number` (1-based) of `of` of this shard."""
        return Shard(self.number + self.of * (number - 1), self.of * of)

    def overlaps(self, other: "Shard") -> bool:
        """Whether some index belongs to both."""
        return (self.number - other.number) % math.gcd(self.of, other.of) == 0

    @staticmethod
    def of_file(name: str) -> "Shard | None":
        """The shard that writes a file of this name; None where it is the only writer's."""
        match = re.search(r"\.(\d+)of(\d+)\.jsonl$", name)
        return Shard(int(match[1]), int(match[2])) if match else None

    def file_name(self, stem: str) -> str:
        """The file of a cell that only this shard writes."""
        return f"{stem}.jsonl" if self.of == 1 else f"{stem}.{self.number}of{self.of}.jsonl"
