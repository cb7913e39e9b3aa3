"""Many connected browsers: the real console process, each browser with a session of its own, as people use it.

    python -m bench.browsers [--browsers 200] [--seconds 60] [--groups 100000]

Every browser has a page of the queue open, which asks every ten seconds what is new, as the page does; and every thirty
seconds its person opens a group and goes back to the queue. Times are from the request to the last byte.
"""

import argparse
import asyncio
import os
import random
import socket
import ssl
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import httpx

from bench import console
from bench.ingest import cpu_of

PLAIN = ssl.create_default_context()  # one for all: to make one takes longer than a page
LIVE, LOOK = 10.0, 30.0  # seconds between questions for what is new, and between looks at a group


def sessions(count: int) -> list[str]:
    """Sign in as many people; returns the keys of their sessions."""
    from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY  # noqa: PLC0415
    from django.contrib.sessions.backends.db import SessionStore  # noqa: PLC0415

    from wardwatch.records.models import UserRow  # noqa: PLC0415

    keys = []
    for user in UserRow.objects.order_by("email")[:count]:
        store = SessionStore()
        store[SESSION_KEY] = str(user.pk)
        store[BACKEND_SESSION_KEY] = "allauth.account.auth_backends.AuthenticationBackend"
        store[HASH_SESSION_KEY] = user.get_session_auth_hash()
        store.create()
        keys.append(str(store.session_key))
    return keys


async def browse(address: str, key: str, until: float, took: dict[str, list[float]]) -> None:
    """One browser, until the time is over."""
    async with httpx.AsyncClient(base_url=address, cookies={"wardwatch": key}, timeout=60, verify=PLAIN) as client:

        async def get(kind: str, path: str) -> str:
            begun = time.perf_counter()
            answer = await client.get(path)
            took.setdefault(kind, []).append(time.perf_counter() - begun)
            assert answer.status_code == 200, (path, answer.status_code)
            return answer.text

        await asyncio.sleep(random.uniform(0, LOOK))  # people do not come in at once
        page = await get("queue", "/alerts")
        look = time.monotonic() + random.uniform(0, LOOK)
        await asyncio.sleep(random.uniform(0, LIVE))
        while time.monotonic() < until:
            await get("what is new", f"/alerts/newer?since={page.partition('newer?since=')[2].partition(chr(34))[0]}")
            if time.monotonic() >= look:
                look += LOOK
                await get("group", f"/alerts/{page.partition('data-group=')[2][1:33]}")
                page = await get("queue", "/alerts")
            await asyncio.sleep(LIVE)


async def _all(address: str, keys: list[str], seconds: float) -> dict[str, list[float]]:
    took: dict[str, list[float]] = {}
    until = time.monotonic() + seconds
    await asyncio.gather(*(browse(address, key, until, took) for key in keys))
    return took


def main() -> None:
    """Fill, start the console, browse, and print."""
    from wardwatch.records import boot  # noqa: PLC0415
    from wardwatch.records.configuration import Configuration  # noqa: PLC0415

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--browsers", type=int, default=200)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--groups", type=int, default=console.GROUPS)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        boot.setup(Configuration(home=Path(name)))
        boot.migrate()
        console.fill(asked.groups)
        keys = sessions(asked.browsers)
        with socket.socket() as one:
            one.bind(("127.0.0.1", 0))
            port = one.getsockname()[1]
        environ = os.environ | {"WARDWATCH_HOME": name, "WARDWATCH_CONSOLE_ADDRESS": f"127.0.0.1:{port}"}
        serving = subprocess.Popen([sys.executable, "-m", "wardwatch", "console"], env=environ)
        address = f"http://127.0.0.1:{port}"
        try:
            for _ in range(200):
                try:
                    httpx.get(f"{address}/alive")
                    break
                except httpx.ConnectError:
                    time.sleep(0.1)
            spent, begun = cpu_of(serving.pid), time.monotonic()
            took = asyncio.run(_all(address, keys, asked.seconds))
            cores = (cpu_of(serving.pid) - spent) / (time.monotonic() - begun)
        finally:
            serving.terminate()
            serving.wait()
    print(f"{asked.browsers} browsers, {asked.groups:,} open groups, {cores:.2f} cores of the console, all answered")
    for kind, times in took.items():
        hundredths = statistics.quantiles(times, n=100)
        shown = "  ".join(f"p{n} {hundredths[n - 1] * 1000:,.0f} ms" for n in (50, 95, 99))
        print(f"{kind:12} {len(times):6,}  {shown}")


if __name__ == "__main__":
    main()
