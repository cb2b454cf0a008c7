"""Which requests have to name one of ALLOWED_HOSTS: all but the probes."""

import re
from typing import Any

from django.http import HttpRequest
from django.middleware import common

# Balancers and kubelets ask by the address of the machine, or by HTTP/1.0 without a Host.
PROBES = r"^(?:api/v1/)?(?:healthz|readyz)/?$"


class CommonMiddleware(common.CommonMiddleware):
    """Django's, which checks the Host of every request."""

    def process_request(self, request: HttpRequest) -> Any:
        if re.search(PROBES, request.path_info.lstrip("/")):
            return None
        return super().process_request(request)
