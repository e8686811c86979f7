"""A command, run again and again, timed: what it costs who would start it each time.

usage: timed.py TIMES COMMAND [ARGUMENT...]

Prints one line of JSON: milliseconds of each run. Ends with 1 at the first that fails.
"""

import json
import subprocess
import sys
import time


def main():
    times, command = int(sys.argv[1]), sys.argv[2:]
    milliseconds = []
    for _ in range(times):
        start = time.perf_counter()
        subprocess.run(command, stdin=subprocess.DEVNULL, check=True)
        milliseconds.append((time.perf_counter() - start) * 1000)
    print(json.dumps({"milliseconds": milliseconds}))


main()
