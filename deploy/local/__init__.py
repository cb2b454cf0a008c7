"""The former name of `devtools`: scripts outside of this repository import it as `deploy.local`."""

import devtools

__path__ = devtools.__path__
