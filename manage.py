#!/usr/bin/env python
"""Django's command line, on development settings unless DJANGO_SETTINGS_MODULE says otherwise."""

import sys

from django.apps import apps
from django.core.management import execute_from_command_line

from config import env

if __name__ == "__main__":
    env.settings_module("config.settings.dev")
    try:
        execute_from_command_line(sys.argv)
    finally:
        # While the interpreter is whole: at its exit, asyncio can't look up host names any more.
        if apps.ready:
            from core.announcer import announcer

            announcer.flush()
