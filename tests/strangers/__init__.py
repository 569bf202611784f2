"""All models that were written without a look at the hypothesis files, by environment and family."""

import published_strangers
import request_strangers
import shutdown_strangers
import training_strangers
from stranger_rates import Rates

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
