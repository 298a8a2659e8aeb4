"""Walks through the viewer: keys in, the screen as text out, on terminals of two sizes."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress

import pytest
from textual.pilot import Pilot

from zeeksmtp.viewer.app import Viewer

SIZES = pytest.mark.parametrize("size", [(80, 24), (200, 50)], ids=lambda size: f"{size[0]}x{size[1]}")


class Walk:
    """A viewer under way."""

    def __init__(self, pilot: Pilot[None]) -> None:
        self._pilot = pilot
        self.app = pilot.app

    async def press(self, *keys: str) -> str:
        """Press keys, wait for what they start, and return the screen."""
        await self._pilot.press(*keys)
        # A search that is no longer wanted ends as cancelled.
        with suppress(asyncio.CancelledError):
            await self.app.workers.wait_for_complete()
        await self._pilot.pause()
        return self.screen

    async def type(self, text: str) -> str:
        """Type a text and confirm it."""
        names = {" ": "space", ":": "colon", ".": "full_stop", ">": "greater_than_sign", "=": "equals_sign"}
        names |= {"-": "minus", "<": "less_than_sign", "/": "slash", ",": "comma"}
        return await self.press(*(names.get(char, char) for char in text), "enter")

    @property
    def screen(self) -> str:
        """The screen as text."""
        strips = self.app.screen._compositor.render_strips()
        return "\n".join(strip.text.rstrip() for strip in strips)

    @property
    def last_lines(self) -> list[str]:
        """What the viewer says, and its keys."""
        return self.screen.splitlines()[-2:]


def walk(viewer: Viewer, size: tuple[int, int], steps: Callable[[Walk], Awaitable[None]]) -> Viewer:
    """Walk through the viewer on a terminal of a size."""

    async def run() -> None:
        async with viewer.run_test(size=size) as pilot:
            await pilot.pause()
            await steps(Walk(pilot))

    asyncio.run(run())
    return viewer
