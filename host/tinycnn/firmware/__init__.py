"""Turning pinned upstream sources into firmware: fetch, build, sizes."""
