"""A mail server that takes everything and keeps nothing: `python -m bench.sink <port>`."""

from __future__ import annotations

import asyncio
import sys
from asyncio import StreamReader, StreamWriter
from contextlib import suppress

END_OF_CONTENT = b"\r\n.\r\n"
ANSWERS = {
    b"EHLO": b"250-sink\r\n250 SIZE 10000000\r\n",
    b"DATA": b"354 Go on\r\n",
    b"QUIT": b"221 Bye\r\n",
}


async def serve(reader: StreamReader, writer: StreamWriter) -> None:
    """Say yes to everything that one client says."""
    with suppress(ConnectionError):
        await _say_yes(reader, writer)
    writer.close()


async def _say_yes(reader: StreamReader, writer: StreamWriter) -> None:
    writer.write(b"220 sink\r\n")
    while line := await reader.readline():
        word = line[:4].upper()
        writer.write(ANSWERS.get(word, b"250 OK\r\n"))
        if word == b"DATA":
            await reader.readuntil(END_OF_CONTENT)
            writer.write(b"250 Taken\r\n")
        if word == b"QUIT":
            break


async def main(port: int) -> None:
    """Serve until this process is ended."""
    server = await asyncio.start_server(serve, "127.0.0.1", port, limit=1_000_000)
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1])))
