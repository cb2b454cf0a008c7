"""Format of times in the admin. Django's English format does not show the time zone."""

DATETIME_FORMAT = "Y-m-d H:i T"
