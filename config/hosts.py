"""The check of the Host header against ALLOWED_HOSTS, for all requests except probes."""

import re
from typing import Any

from django.http import HttpRequest
from django.middleware import common

# Load balancers and kubelets send the machine's IP address as the Host, or HTTP/1.0 without a Host.
PROBES = r"^(?:api/v1/)?(?:healthz|readyz)/?$"


class CommonMiddleware(common.CommonMiddleware):
    """Django's middleware, which would check the Host of every request, with probes exempted."""

    def process_request(self, request: HttpRequest) -> Any:
        if re.search(PROBES, request.path_info.lstrip("/")):
            return None
        return super().process_request(request)
