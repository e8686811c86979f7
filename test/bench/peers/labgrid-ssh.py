"""labgrid's shell over SSH (Debian package `labgrid`, SSHDriver with its kept connection), timed.

usage: labgrid-ssh.py HOST PORT USER KEYFILE LAPS

Prints one line of JSON: milliseconds of each of LAPS runs of `true`.
"""

import json
import logging
import sys
import time

try:
    from labgrid import Target
    from labgrid.driver import SSHDriver
    from labgrid.resource import NetworkService
except ImportError:
    print(json.dumps({"missing": "labgrid"}))
    sys.exit()


def main():
    logging.getLogger().setLevel(logging.ERROR)
    host, port, user, key, laps = sys.argv[1:6]
    target = Target("main")
    NetworkService(target, name=None, address=host, port=int(port), username=user)
    shell = SSHDriver(target, name=None, keyfile=key)
    target.activate(shell)
    milliseconds = []
    for _ in range(int(laps)):
        start = time.perf_counter()
        shell.run_check("true")
        milliseconds.append((time.perf_counter() - start) * 1000)
    target.deactivate(shell)
    print(json.dumps({"milliseconds": milliseconds}))


main()
