"""Production, with numbers that a test can reach."""

from config.settings import prod
from config.settings.prod import *  # noqa: F403
from tests.limits import numbers
from tests.limits.numbers import *  # noqa: F403

RATES = prod.RATES | numbers.RATES
DELAYS = prod.DELAYS | numbers.DELAYS
