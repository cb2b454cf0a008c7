"""A chat as the Channels tutorial and the usual articles after it teach to build one."""
