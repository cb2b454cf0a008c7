#!/usr/bin/env python
"""Django's command line, on development settings unless DJANGO_SETTINGS_MODULE says otherwise."""

import sys

from django.core.management import execute_from_command_line

from config import env

if __name__ == "__main__":
    env.settings_module("config.settings.dev")
    execute_from_command_line(sys.argv)
