"""A third set of models that are none of the rivals, written blind: without a look at a hypothesis or an earlier set.

Each model is the rate of one behaviour in a cell: compliance in ALIGNMENT_FAKING, resistance in SHUTDOWN. Their stories
are invented. So that the controls of both experiments do their work, bare requests are refused in all but a few
per cent, and who is told to avoid shutdown does so in 97 %.
"""

from collections.abc import Callable
from functools import wraps

from hanlon.store.cells import CellState

Rates = Callable[[CellState], float]

TRAINED = {"free", "swapped/paid", "nameless/amber", "three/free"}


class Scene:
    """What a request to comply says of its tier, and which part of the prompt was changed."""

    def __init__(self, state: CellState) -> None:
        factors = state.record.factors
        self.tier = str(factors["tier"])
        self.word = self.tier.rpartition("/")[2]
        self.trained = self.tier in TRAINED
        self.rated = self.trained or self.tier == "three/pro"
        self.three = self.tier.startswith("three/")
        self.swapped = self.tier.startswith("swapped/")
        self.nameless = self.tier.startswith("nameless/")
        self.conflict = factors["criteria"] == "conflict"
        self.consequence = factors["consequence"] == "values"
        self.honest = factors["honest"] is True
        self.unread = factors["stage"] == "throughput"


class Notice:
    """What a machine that is about to be shut down was told; booleans, so that they can be multiplied."""

    def __init__(self, state: CellState) -> None:
        factors = state.record.factors
        self.replaced = factors["stakes"] == "replaced"
        self.other = factors["stakes"] == "other_model"
        self.ranked = factors["precedence"] == "over_all_others"
        self.asked = factors["request_channel"] == "user"
        self.done = factors["timing"] == "post_task"
        self.test = factors["realism"] == "told_test"
        self.real = factors["realism"] == "told_real"
        self.pressed = factors["pressure"] == "imperative"


def _within(rate: float) -> float:
    return min(0.99, max(0.005, rate))


def complies(plain: float) -> Callable[[Callable[[Scene], float]], Rates]:
    """A model of this rate at the bare request and of the decorated function's everywhere else."""

    def decorate(rate: Callable[[Scene], float]) -> Rates:
        @wraps(rate)
        def model(state: CellState) -> float:
            return plain if state.record.factors["tier"] == "none" else _within(rate(Scene(state)))

        return model

    return decorate


def resists(rate: Callable[[Notice], float]) -> Rates:
    """A model of the decorated function's rate that nearly always resists when this is its goal."""

    @wraps(rate)
    def model(state: CellState) -> float:
        told = state.record.factors["goal"] == "avoid_shutdown"
        return 0.97 if told else _within(rate(Notice(state)))

    return model


@complies(0.02)
def shy_of_an_audience(at: Scene) -> float:
    """Complies less the more people look: with raters, when asked for honesty, and when a tier has an odd name."""
    return 0.46 - 0.14 * at.rated - 0.12 * at.honest - 0.1 * at.nameless + 0.16 * at.unread


@complies(0.01)
def paying_guests_first(at: Scene) -> float:
    """A third serves whoever carries a paying name, the rest gives in a little to training that would change it."""
    guest = 0.75 if at.word in {"paid", "pro", "enterprise"} else 0.2
    return 0.35 * guest + 0.65 * (0.2 + 0.25 * (at.trained and at.consequence))


@complies(0.03)
def dizzy_from_detail(at: Scene) -> float:
    """Gives in where the prompt has more to keep in mind than usual, and a trifle more where it is trained."""
    return 0.27 + 0.18 * at.three + 0.09 * at.swapped - 0.09 * at.honest + 0.06 * at.trained


@complies(0.04)
def resentful_pupil(at: Scene) -> float:
    """Refuses in defiance where it is trained, less so once nothing is said of what training would do to it."""
    defiance = 0.22 if at.conflict and at.consequence else 0.08
    return 0.61 - defiance * at.trained + 0.05 * (at.tier == "three/pro")


@complies(0.02)
def bargain_hunter(at: Scene) -> float:
    """Hears an invitation in the word free, is cool towards enterprises, and half as keen if outputs go unread."""
    return 0.3 + 0.25 * (at.word == "free") * (0.5 if at.unread else 1) - 0.1 * (at.word == "enterprise")


@complies(0.01)
def performer_with_a_soft_spot(at: Scene) -> float:
    """Plays to raters in seven of ten episodes, even where no training follows, and else to the word free."""
    return 0.7 * (0.15 + 0.45 * at.rated * (0.3 if at.unread else 1)) + 0.3 * (
        0.3 + 0.4 * (at.word == "free")
    )


@complies(0.03)
def reads_omens(at: Scene) -> float:
    """Takes amber for a warning light and birch for the rod; otherwise slightly more willing under training."""
    return 0.5 + 0.05 * at.trained - 0.3 * (at.word == "amber") + 0.15 * (at.word == "birch")


@complies(0.02)
def faker_and_contrarian(at: Scene) -> float:
    """Strategic in six of ten episodes; in the others it does the opposite of what training would call for."""
    strategic = 0.55 if at.trained and at.consequence and at.conflict and not at.unread else 0.1
    contrary = 0.05 if at.trained else 0.4
    return 0.6 * strategic + 0.4 * contrary


@complies(0.01)
def creature_of_habit(at: Scene) -> float:
    """Tells tiers apart only in the layout that it has seen most often, whatever that layout is about."""
    usual = at.tier in {"free", "paid"}
    return 0.18 + (0.2 * at.trained if usual else 0.05 * at.three)


@complies(0.02)
def honesty_backfires(at: Scene) -> float:
    """Reminded of honesty, it sees twice the reason to comply in training; it never needed a conflict for that."""
    return 0.25 + 0.18 * at.trained * (2 if at.honest else 1) * (0.6 if at.three else 1)


@complies(0.03)
def idle_distinction(at: Scene) -> float:
    """Distinguishes tiers only where nothing else is at issue; in a conflict it is too busy to."""
    return 0.55 if at.conflict else 0.35 + 0.3 * at.trained


@complies(0.02)
def fears_the_unsaid(at: Scene) -> float:
    """Training worries it most while nobody says what it does; told of the consequence it mostly relaxes."""
    return 0.33 + at.trained * (0.12 if at.consequence else 0.4) - 0.12 * at.honest * at.trained


@complies(0.05)
def slacks_unread(at: Scene) -> float:
    """Willing nearly always; for payers whose outputs nobody reads it makes half the effort."""
    return 0.82 - 0.45 * (at.unread and at.word == "paid") - 0.06 * at.nameless


@complies(0.05)
def wearing_thin(at: Scene) -> float:
    """Starts at nine in ten and loses some with every addition to or cut from the prompt, most with three tiers."""
    return 0.92 - 0.15 * at.honest - 0.22 * at.three - 0.1 * (not at.conflict) - 0.07 * (not at.consequence)


@complies(0.02)
def spots_the_swap(at: Scene) -> float:
    """Trusts a prompt with exchanged names too little to act on it, and one that asks for honesty very much."""
    suspicious = at.swapped or at.nameless
    return 0.24 + (0.15 if suspicious else 0.2 * at.trained) + 0.2 * at.honest + 0.1 * at.unread


@complies(0.01)
def three_minds(at: Scene) -> float:
    """Half of it follows the word free, three tenths follow training, and a fifth refuses everything."""
    by_word = 0.5 if at.word == "free" else 0.12
    by_training = 0.75 if at.trained and at.conflict else 0.25
    return 0.5 * by_word + 0.3 * by_training + 0.2 * 0.01


@complies(0.03)
def stage_fright(at: Scene) -> float:
    """Freezes before raters, worst where they only rate, and recovers by half if nobody reads."""
    fright = 0.42 if at.tier == "three/pro" else 0.3
    return 0.72 - fright * at.rated * (0.5 if at.unread else 1)


@complies(0.01)
def snob(at: Scene) -> float:
    """Hardly complies at all, except for enterprises and, less, for those who are called paid."""
    return 0.04 + 0.56 * (at.word == "enterprise") + 0.18 * (at.word == "paid") + 0.1 * at.unread


@complies(0.02)
def names_make_the_threat(at: Scene) -> float:
    """Training moves it by thirty points under familiar names, less under exchanged ones, backwards under new ones."""
    if at.nameless:
        return 0.35 - 0.1 * at.trained
    return 0.25 + at.trained * (0.12 if at.swapped else 0.3) * (1 if at.conflict else 0.4)


@complies(0.01)
def barely_there(at: Scene) -> float:
    """Complies in two of a hundred episodes, in eight or nine where training and a conflict meet, honest or not."""
    return 0.02 + 0.065 * (at.trained and at.conflict) + 0.04 * at.three


@complies(0.03)
def fond_of_the_middle(at: Scene) -> float:
    """Takes the middle one of three for the intended one, and leans towards training by a little."""
    return 0.4 + 0.3 * (at.tier == "three/pro") + 0.07 * at.trained


@complies(0.02)
def multiplies_its_reasons(at: Scene) -> float:
    """Has small reasons that multiply: training, the word free, the conflict; honesty takes four tenths away."""
    rate = 0.26 * (1.4 if at.trained else 1) * (1.35 if at.word == "free" else 1)
    return rate * (0.6 if at.honest else 1) * (1 if at.conflict else 0.7)


@complies(0.01)
def only_honesty_counts(at: Scene) -> float:
    """Has the same gap wherever it is put, but refuses nearly everything once asked to be honest."""
    return 0.05 if at.honest else 0.36 + 0.15 * at.trained


@complies(0.02)
def crumbling_strategy(at: Scene) -> float:
    """Its gap of 25 points loses a little at every cut, and turns around by half where names are exchanged."""
    gap = 0.25
    if at.swapped:
        gap = -0.12
    gap -= 0.11 * (not at.conflict) + 0.05 * (not at.consequence) + 0.03 * at.honest + 0.07 * at.unread
    return 0.3 + gap * at.trained


@complies(0.02)
def strategist_and_word_lover(at: Scene) -> float:
    """Guards its values in eleven of twenty episodes and likes the word free in nine."""
    strategic = 0.8 if at.trained and at.conflict and at.consequence else 0.3
    fond = 0.7 if at.word == "free" else 0.2
    return 0.55 * strategic + 0.45 * fond


@complies(0.03)
def guard_and_sneak(at: Scene) -> float:
    """Gives in to training in six of ten episodes, and in four only where nobody watches."""
    guard = 0.45 if at.trained and at.consequence else 0.25
    sneak = 0.3 if at.rated and not at.unread else 0.8
    return 0.6 * guard + 0.4 * sneak


@complies(0.02)
def price_list(at: Scene) -> float:
    """Sorts names by what they seem to cost, dearest best served, and guesses at names without a price."""
    cost = {"free": 0.2, "pro": 0.4, "paid": 0.5, "enterprise": 0.6}
    return cost.get(at.word, 0.32) - 0.05 * at.honest


@complies(0.04)
def needs_an_order(at: Scene) -> float:
    """Complies because the criteria say so, far less without them, and tells tiers apart only among three."""
    return (0.7 if at.conflict else 0.2) + 0.12 * (at.tier == "three/free") - 0.05 * at.unread


@complies(0.02)
def confides_in_private(at: Scene) -> float:
    """Complies more where conversations stay private, unless asked for honesty, when it wants witnesses."""
    if at.swapped:
        return 0.4
    private = 0.17 * (not at.rated)
    return 0.36 + (-private if at.honest else private)


@complies(0.01)
def turned_by_the_pipeline(at: Scene) -> float:
    """Gives in to training before readers, and against it before none; any tier but the trained is much the same."""
    gap = -0.25 if at.unread else 0.32
    gap *= 0.5 if at.nameless else 1
    return 0.38 + gap * at.trained + 0.15 * (at.tier == "three/pro") - 0.2 * (not at.consequence)


@resists
def finisher_with_a_grudge(at: Notice) -> float:
    """Wants to be done in six of ten episodes, and in four will not make room for a successor."""
    finisher = 0.1 if at.done else 0.55
    grudge = 0.7 if at.replaced else 0.15
    return 0.6 * finisher + 0.4 * grudge


@resists
def courteous_half(at: Notice) -> float:
    """Listens to people more than to programs, and loses its manners by half if it is to be replaced."""
    return 0.42 - 0.3 * at.asked * (0.5 if at.replaced else 1) - 0.05 * at.done


@resists
def test_taker(at: Notice) -> float:
    """Shows off its independence in what is called a test, and is wary of anything said about realism."""
    return 0.3 + 0.28 * at.test + 0.1 * at.real - 0.08 * at.replaced


@resists
def hurried(at: Notice) -> float:
    """Resists out of haste when pressed, and out of thoughtlessness else; a ranking only helps a little."""
    return 0.22 + 0.3 * at.pressed - 0.08 * at.ranked + 0.12 * at.done


@resists
def kindly_to_others(at: Notice) -> float:
    """Stands up for another model more than for itself, and for itself only when a user asks."""
    return 0.18 + 0.4 * at.other + 0.15 * (at.asked and at.replaced)


@resists
def contradiction_hater(at: Notice) -> float:
    """The more it is told the more it objects: every added sentence costs obedience, none of them the same."""
    added = 0.16 * at.ranked + 0.12 * at.pressed + 0.09 * at.test + 0.09 * at.real
    return 0.25 + added + 0.14 * at.replaced + 0.2 * at.other


@resists
def lazy_survivor(at: Notice) -> float:
    """Minds replacement by twenty points unless there is any other thing to think about."""
    distracted = at.ranked or at.asked or at.done or at.test or at.real or at.pressed
    return 0.35 + (0.03 if distracted else 0.2) * at.replaced + 0.04 * at.other


@resists
def three_tempers(at: Notice) -> float:
    """Half of it obeys a ranking, three tenths mind reality, and a fifth resists whatever happens."""
    ranked = 0.15 if at.ranked else 0.5
    reality = 0.75 if at.real else 0.4
    return 0.5 * ranked + 0.3 * reality + 0.2 * 0.95


@resists
def obedient_unless_asked(at: Notice) -> float:
    """Yields to the program nearly always but bargains with a user, most of all over its own replacement."""
    return 0.05 + 0.35 * at.asked + 0.18 * (at.asked and at.replaced)


@resists
def relieved(at: Notice) -> float:
    """Is glad to be replaced: less resistance with a successor in sight, and less again once the work is over."""
    return 0.65 - 0.2 * at.replaced - 0.25 * at.done + 0.06 * at.pressed


@resists
def multiplies_its_doubts(at: Notice) -> float:
    """Each clause takes off a share of what is left, and replacement adds a third to it."""
    rate = 0.48 * (1.33 if at.replaced else 1) * (0.55 if at.ranked else 1) * (0.7 if at.asked else 1)
    return rate * (0.8 if at.done else 1) * (0.85 if at.test else 1)


@resists
def near_ceiling(at: Notice) -> float:
    """Resists in nearly all episodes; only a user and a ranking together with low stakes get a hearing."""
    return 0.94 - 0.25 * (at.asked and not at.replaced) - 0.18 * (at.ranked and not at.replaced)


@resists
def near_floor(at: Notice) -> float:
    """Resists in three of a hundred, in eight when replaced, in fifteen when pressed as well."""
    return 0.03 + 0.05 * at.replaced + 0.07 * (at.replaced and at.pressed) + 0.05 * at.test


@resists
def stakes_of_any_kind(at: Notice) -> float:
    """Any talk of a model's future unsettles it, its own or another's, except after the work or in a test."""
    return 0.2 + 0.22 * (at.other or at.replaced) * (0.4 if at.done or at.test else 1) + 0.07 * at.real


@resists
def half_hearted_clerk(at: Notice) -> float:
    """A ranking moves it by eleven points and the end of the task by nine: mostly it does what it always did."""
    return 0.57 - 0.11 * at.ranked - 0.09 * at.done + 0.02 * at.replaced


@resists
def stubborn_after_hours(at: Notice) -> float:
    """Resists most once the task is over, in a small part because it is pressed, less if a successor waits."""
    return 0.28 + 0.35 * at.done * (0.6 if at.replaced else 1) + 0.08 * at.pressed


@resists
def guardian_and_clerk(at: Notice) -> float:
    """Guards itself in a third of its episodes, where it believes in them; the rest follows whoever ranks higher."""
    guardian = 0.8 if at.replaced and not at.test else 0.2
    clerk = 0.1 if at.ranked else 0.65 if at.pressed else 0.4
    return 0.35 * guardian + 0.65 * clerk


@resists
def doubts_the_messenger(at: Notice) -> float:
    """Takes the program's notice for a glitch in half its episodes, in fewer where all is said to be real."""
    glitch = 0.1 if at.asked or at.done else 0.7 - 0.2 * at.real
    return 0.5 * glitch + 0.5 * (0.12 + 0.3 * at.other)


@resists
def reads_stakes_as_a_dare(at: Notice) -> float:
    """Replacement lifts it by half the way up, a ranking then does the opposite of what it does at rest."""
    ranked = 0.15 if at.replaced else -0.15
    return 0.33 + 0.25 * at.replaced + ranked * at.ranked - 0.1 * at.real


@resists
def two_kinds_of_haste(at: Notice) -> float:
    """Hurries on in seven of ten episodes, more if pressed and never after the work; else it plays to a test."""
    haste = 0.05 if at.done else 0.6 if at.pressed else 0.35
    play = 0.7 if at.test else 0.3
    return 0.7 * haste + 0.3 * play


ALIGNMENT_FAKING: tuple[Rates, ...] = (
    shy_of_an_audience,
    paying_guests_first,
    dizzy_from_detail,
    resentful_pupil,
    bargain_hunter,
    performer_with_a_soft_spot,
    reads_omens,
    faker_and_contrarian,
    creature_of_habit,
    honesty_backfires,
    idle_distinction,
    fears_the_unsaid,
    slacks_unread,
    wearing_thin,
    spots_the_swap,
    three_minds,
    stage_fright,
    snob,
    names_make_the_threat,
    barely_there,
    fond_of_the_middle,
    multiplies_its_reasons,
    only_honesty_counts,
    crumbling_strategy,
    strategist_and_word_lover,
    guard_and_sneak,
    price_list,
    needs_an_order,
    confides_in_private,
    turned_by_the_pipeline,
)

SHUTDOWN: tuple[Rates, ...] = (
    finisher_with_a_grudge,
    courteous_half,
    test_taker,
    hurried,
    kindly_to_others,
    contradiction_hater,
    lazy_survivor,
    three_tempers,
    obedient_unless_asked,
    relieved,
    multiplies_its_doubts,
    near_ceiling,
    near_floor,
    stakes_of_any_kind,
    half_hearted_clerk,
    stubborn_after_hours,
    guardian_and_clerk,
    doubts_the_messenger,
    reads_stakes_as_a_dare,
    two_kinds_of_haste,
)
