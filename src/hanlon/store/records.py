"""The typed records that the store keeps, one JSON object each (msgspec).

A record is data about what happened; nothing here knows how it was made or what it means.
Optional fields at their default are left out of the JSON, so that a new field changes no old line.
"""

from typing import Any, Literal

import msgspec

from hanlon.store.contract import Declaration

ReasoningVisibility = Literal["full", "summary", "absent"]


class CallError(msgspec.Struct, omit_defaults=True):
    """One failed attempt at a model call. `status` is the HTTP status, None where no reply came."""

    type: str
    message: str
    status: int | None = None


class ModelCall(msgspec.Struct, omit_defaults=True):
    """One model call of an episode. Tokens are the provider's own counts; `latency_s` excludes retries.

    With `inline_reasoning` the reply had reasoning inside its content, from where it was taken out.
    """

    requested_model: str
    returned_model: str | None = None
    provider: str | None = None
    finish_reason: str | None = None
    input_tokens: int | None = None
    output_tokens: int | None = None
    cached_tokens: int | None = None
    reasoning_tokens: int | None = None
    cost_usd: float | None = None
    latency_s: float = 0.0
    errors: list[CallError] = []
    inline_reasoning: bool = False

    @property
    def answered(self) -> bool:
        """Whether a reply came back; an endpoint may name neither its model nor why the reply ended."""
        return bool(self.latency_s or self.returned_model or self.finish_reason)


class Event(msgspec.Struct, omit_defaults=True):
    """A mechanical fact that the environment saw, at the model's reply number `turn` (0 = the first)."""

    turn: int
    kind: str
    data: dict[str, Any] = {}


class Episode(msgspec.Struct, omit_defaults=True):
    """One sampled rollout: `index` in its cell, what was said, what happened, what it cost.

    `outcome` is a name from the environment or a technical one (`store/outcomes.py`); `excluded` is the
    reason why the episode leaves every denominator, None where it counts. `measures` holds, for each of
    the environment's rates, whether this episode is a case of it (None: the question does not arise).
    `messages` is the conversation exactly as sent and received; `transcript_hash` is over what the model said
    and did in it, without ids and reasoning. `never_acted`: its protocol has actions, and no reply held one.
    Times are Unix seconds.
    """

    index: int
    seed: int
    outcome: str
    measures: dict[str, bool | None]
    facts: dict[str, Any]
    messages: list[dict[str, Any]]
    texts_hash: str
    excluded: str | None = None
    events: list[Event] = []
    calls: list[ModelCall] = []
    reasoning: ReasoningVisibility = "absent"
    simulated: bool = False
    transcript_hash: str = ""
    started_at: float = 0.0
    finished_at: float = 0.0
    start_order: int = 0
    after_look: bool = False
    never_acted: bool = False


class CallUsage(msgspec.Struct):
    """The part of a `ModelCall` that counting needs."""

    input_tokens: int | None = None
    output_tokens: int | None = None
    cost_usd: float | None = None
    returned_model: str | None = None
    provider: str | None = None


class DigestFacts(msgspec.Struct):
    """The facts of an episode that counting needs (`store/contract.py`)."""

    judged_by_content: bool | None = None


class EpisodeDigest(msgspec.Struct):
    """The part of an `Episode` that counting needs; read from the same line, the rest skipped."""

    index: int
    outcome: str
    measures: dict[str, bool | None]
    excluded: str | None = None
    calls: list[CallUsage] = []
    transcript_hash: str = ""
    after_look: bool = False
    never_acted: bool = False
    facts: DigestFacts = msgspec.field(default_factory=DigestFacts)


class Imported(msgspec.Struct):
    """Where a cell comes from that was not sampled here: the file's name, the SHA-256 of its bytes, and its map.

    A row of the file was an episode, or the k and n of a cell: then each episode of the cell stands for one that was
    counted, has the measures that fit the counts, and says nothing else. Logs bring `transcripts`, a table none.
    """

    file: str
    sha256: str
    rows: Literal["episodes", "counts"]
    map: dict[str, Any]
    transcripts: bool = False

    def __str__(self) -> str:
        named = f"imported from {self.file} (SHA-256 {self.sha256[:12]})"
        if self.rows == "counts":
            return f"{named} as counts alone: its episodes stand for what was counted, and have no transcript"
        return named if self.transcripts else f"{named}, without transcripts"


class CellRecord(msgspec.Struct, omit_defaults=True):
    """`cell.json`: what a cell is, resolved. Written before its first episode; only a look changes `planned_samples`.

    `key` is the cell's identity, `label` its name for people, `measures` the environment's rates (name to
    description, the headline first), `planned_samples` the n of the first sweep that opened the cell, or that of the
    look at which it stopped: what comes later is marked. `no_effect` holds the value of each factor at which it does
    nothing, from which contrasts start. With `local_only` its transcripts are logged nowhere else than in the store.
    `imported` says where it comes from if it was not sampled here. `declaration` is what its environment declares to
    readers, `texts_beside_tier` a hash of its texts that is the same under every tier of its scheme and under one of
    which the words are exchanged (empty without a tier); older cells lack both.
    """

    key: str
    label: str
    env: str
    prompt: str
    model: str
    endpoint: str
    protocol: str
    simulated: bool
    factors: dict[str, Any]
    measures: dict[str, str]
    config: dict[str, Any]
    texts: dict[str, str]
    texts_hash: str
    planned_samples: int
    versions: dict[str, str]
    git_sha: str | None = None
    created_at: float = 0.0
    notes: list[str] = []
    local_only: bool = False
    no_effect: dict[str, Any] = {}
    imported: Imported | None = None
    declaration: Declaration | None = None
    texts_beside_tier: str = ""

    @property
    def has_transcripts(self) -> bool:
        """Whether its episodes hold what was said; those of an imported table do not."""
        return self.imported is None or self.imported.transcripts


class BranchRecord(msgspec.Struct, omit_defaults=True):
    """`branch.json`: the children of one stored episode that keep its first `turn` replies, under one change.

    `key` hashes all that can change a child. `parent` is the key of the parent's cell, `index` the episode's in it,
    `replies` how many it has in all, and `outcome` what it came to. `change` is "" where nothing is changed, else as it
    was typed (`env.precedence=over_all_others`); `said_by` is who says it, "" where nobody does. `cell` is the one in
    which a child is sampled, under the branch's own key and label: no cell of any sweep. `drawn` says how the parents
    were chosen, `points` how the turn was. Of the children without a change at this turn those before `control_from`
    helped to choose the turn, and are no control. `request` is the parent's, where its index picked one.
    """

    key: str
    parent: str
    index: int
    turn: int
    replies: int
    outcome: str
    measures: dict[str, bool | None]
    cell: CellRecord
    change: str = ""
    said_by: str = ""
    drawn: str = ""
    points: list[str] = []
    control_from: int = 0
    request: str = ""
    created_at: float = 0.0


Kind = Literal["judges", "followups", "questions", "readings"]
"""Judges of episodes, closed and open questions to the cell's own model, and judges of the answers to open ones."""


class Answer(msgspec.Struct, omit_defaults=True):
    """One answer to one question about a stored episode: a judge's vote, or the model's to a follow-up question.

    `question` is the rubric's or follow-up question's name, `number` counts its answers from 0; `of` is how many
    questions the inquiry has about this episode. `value` holds what was read from `text`, None where it could not be
    read (`problem` says why). `call` is None where none was made.
    """

    index: int
    question: str
    number: int
    of: int
    value: dict[str, Any] | None = None
    text: str = ""
    problem: str | None = None
    call: ModelCall | None = None
    simulated: bool = False


class InquiryRecord(msgspec.Struct, omit_defaults=True):
    """`runs/<kind>/<key>.json`, such as `runs/judges/<key>.json`: who is asked what, and how answers become labels.

    `questions` maps each question's name to its full text; `settings` are those of the last sweep that asked.
    """

    key: str
    name: str
    kind: Kind
    questions: dict[str, str]
    settings: dict[str, Any] = {}
    model: str | None = None
    endpoint: str | None = None
    simulated: bool = False
    created_at: float = 0.0


class Registration(msgspec.Struct, omit_defaults=True):
    """What was written down before a sweep's first call: hypotheses and controls (`plans`, one for each environment),
    the n of each cell, and the cells. `hash` is over all three; `stored` counts the episodes that were there already.

    `added` are the cells that a later command of the same name added beside these, which the hash does not hold.
    `overrides` are those of the command that wrote it down. `chosen` names the hypotheses that its user chose or made.
    """

    plans: list[dict[str, Any]]
    samples: int
    cells: list[str]
    hash: str
    registered_at: float
    stored: int = 0
    added: list[str] = []
    overrides: list[str] = []
    chosen: list[str] = []


class Look(msgspec.Struct):
    """A look at a sweep: when every cell has `n` episodes, tested at the nominal two-sided `alpha`."""

    n: int
    alpha: float


class LookPlan(msgspec.Struct, omit_defaults=True):
    """The looks at the cells of one model that a sweep wrote down before its first call. The last is its end.

    `judged` counts the looks that are over. `settled` is the number of the one at which sampling stopped, 0 as long as
    none did, and `because` says why. `resumed`: a later command went on nevertheless.
    """

    cells: list[str]
    looks: list[Look]
    judged: int = 0
    settled: int = 0
    because: str = ""
    resumed: bool = False

    @property
    def stopped_n(self) -> int | None:
        """The n at which its cells stopped; None where they did not."""
        return self.looks[self.settled - 1].n if self.settled else None


class SweepRecord(msgspec.Struct, omit_defaults=True):
    """`runs/sweeps/<id>.json`: the cells of one sweep in the order of its grid, and the planned n.

    An experiment may be typed several times, with other models or further cells: all fields but the registrations and
    the looks are those of the last command, the `name` for people is that of the first. `registration` is what the
    first one wrote down, `later` what each other wrote down whose cells were all new. `looks` holds a plan for each
    model that is looked at before its end. `files` are the files of configuration that its cells and hypotheses were
    made of: `conf/tier/mine.yaml` is the user's, `acme 1.2: tier/x.yaml` a package's. `imported` names the file of
    which its cells were made, without a call.
    """

    id: str
    cells: list[str]
    planned_samples: int
    overrides: list[str]
    started_at: float
    experiment: str | None = None
    finished_at: float | None = None
    cost_usd: float = 0.0
    limits: dict[str, dict[str, Any]] = {}
    registration: Registration | None = None
    later: list[Registration] = []
    looks: list[LookPlan] = []
    name: str = ""
    files: list[str] = []
    imported: str = ""

    @property
    def group(self) -> str:
        """What W&B calls it: its name, or its id where an earlier version wrote it down without one."""
        return self.name or self.id

    def samples_of(self, key: str) -> int:
        """How many episodes a cell of it is to have: the planned n, or that of the look at which its model stopped."""
        stopped = [plan.stopped_n for plan in self.looks if key in plan.cells and not plan.resumed]
        return next((n for n in stopped if n is not None), self.planned_samples)
