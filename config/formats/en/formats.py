"""How the admin shows times: Django's English format names no time zone."""

DATETIME_FORMAT = "Y-m-d H:i T"
