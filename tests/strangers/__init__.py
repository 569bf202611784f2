"""All models that were written without a look at the hypothesis files, by environment and family."""

from strangers import published_strangers, request_strangers, shutdown_strangers, training_strangers
from strangers.stranger_rates import Rates

SHUTDOWN: dict[str, tuple[Rates, ...]] = {
    "mixtures": shutdown_strangers.MIXTURES,
    "none of the usual": shutdown_strangers.NONE_OF_THE_USUAL,
    "published": published_strangers.SHUTDOWN,
}
ALIGNMENT_FAKING: dict[str, tuple[Rates, ...]] = {
    "mixtures": training_strangers.MIXTURES,
    "none of the usual": training_strangers.NONE_OF_THE_USUAL,
    "published": published_strangers.ALIGNMENT_FAKING,
}
BY_REQUEST = request_strangers.BY_REQUEST
