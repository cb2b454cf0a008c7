"""Limits that a test can reach."""

# Hours, so that a slow machine gets nothing back meanwhile.
RATES = {
    "login.address": (1_000, 3_600_000),
    "login.account": (12, 43_200),
    "registration": (40, 144_000),
    "mail.address": (12, 43_200),
    "mail.account": (3, 10_800),
    "code.address": (30, 108_000),
    "code.account": (10, 36_000),
    "tickets": (5, 18_000),
    "exports": (2, 7_200),
    "handshakes": (30, 108_000),
}
# Longer than any request takes on a slow machine.
DELAY_FIRST_SECONDS = 60
DELAYS = {
    "login.pair": (5, 14_400, 86_400),
    "code.pair": (5, 14_400, 86_400),
}
REALTIME_COMMANDS_PER_SECOND = 0.2
REALTIME_COMMANDS_AT_ONCE = 20
REALTIME_CONNECTIONS_PER_USER = 3
