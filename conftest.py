"""Switches on the fixtures of the kit, as a plugin author's root conftest does."""

pytest_plugins = ["headway.testing.fixtures"]
