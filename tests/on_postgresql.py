"""Run the tests that use the database once more, on a PostgreSQL server of their own: `python tests/on_postgresql.py`.

The server is made in a temporary folder, listens on a Unix socket in it and nowhere else, and is gone afterwards. Without
PostgreSQL on the machine it says so and exits with 0.
"""

import os
import pwd
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from urllib.parse import quote

FOLDERS = ("tests/records", "tests/usecases", "tests/web")


def programs() -> Path | None:
    """Where the server's programs are: Debian keeps them out of the path."""
    found = shutil.which("initdb")
    if found:
        return Path(found).parent
    candidates = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    return candidates[-1].parent if candidates else None


def main() -> int:
    """Start, test, stop."""
    where = programs()
    if where is None:
        return 0
    with tempfile.TemporaryDirectory(prefix="wardwatch-postgresql-") as name:
        folder = Path(name)
        as_user: list[str] = []
        if os.geteuid() == 0:  # the server refuses to run as root
            try:
                user = pwd.getpwnam("postgres")
            except KeyError:
                return 0
            os.chown(folder, user.pw_uid, user.pw_gid)
            as_user = ["runuser", "-u", "postgres", "--"]
        data, options = folder / "data", f"-c listen_addresses='' -c unix_socket_directories={folder} -c fsync=off"
        run = [*as_user, str(where / "initdb"), "-D", str(data), "-U", "wardwatch", "-A", "trust", "-E", "UTF8"]
        subprocess.run(run, check=True, stdout=subprocess.DEVNULL, cwd=folder)
        control = [*as_user, str(where / "pg_ctl"), "-D", str(data), "-w"]
        subprocess.run(
            [*control, "-o", options, "-l", str(folder / "log"), "start"],
            check=True,
            cwd=folder,
            stdout=subprocess.DEVNULL,
        )
        try:
            address = f"postgresql://wardwatch@{quote(str(folder), safe='')}/postgres"
            environ = {**os.environ, "WARDWATCH_TEST_DATABASE": address}
            return subprocess.run(
                [sys.executable, "-m", "pytest", *FOLDERS, *sys.argv[1:]], env=environ, check=False
            ).returncode
        finally:
            subprocess.run([*control, "-m", "immediate", "stop"], check=False, cwd=folder, stdout=subprocess.DEVNULL)


if __name__ == "__main__":
    sys.exit(main())
