"""A mail server that takes everything and keeps nothing: `python -m bench.sink <port>`."""

from __future__ import annotations

import asyncio
import sys
from typing import Any

from aiosmtpd.smtp import SMTP


class Takes:
    """Says yes to every message."""

    async def handle_DATA(self, *_: Any) -> str:  # noqa: N802 (aiosmtpd's name)
        return "250 Taken"


async def main(port: int) -> None:
    """Serve until this process is ended."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: SMTP(Takes()), "127.0.0.1", port)
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1])))
