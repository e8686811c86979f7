"""labgrid's shell on a serial console (Debian package `labgrid`, SerialDriver and ShellDriver), timed on a terminal.

usage: labgrid-console.py LINK SPEED LAPS [COMMAND...]

LINK leads to a shell with the prompt `board# `. Prints one line of JSON: milliseconds of each of LAPS runs of `true`, and for each command
its wall and CPU seconds and the characters that it gave.
"""

import json
import logging
import sys
import time

try:
    from labgrid import Target
    from labgrid.driver import SerialDriver, ShellDriver
    from labgrid.resource import RawSerialPort
except ImportError:
    print(json.dumps({"missing": "labgrid"}))
    sys.exit()


def main():
    logging.getLogger().setLevel(logging.ERROR)
    link, speed, laps, commands = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4:]
    target = Target("main")
    RawSerialPort(target, name=None, port=link, speed=speed)
    SerialDriver(target, name=None)
    shell = ShellDriver(target, name=None, prompt=r"board# ", login_prompt=r" login: ", username="root")
    target.activate(shell)
    milliseconds = []
    for _ in range(laps):
        start = time.perf_counter()
        shell.run_check("true")
        milliseconds.append((time.perf_counter() - start) * 1000)
    outputs = []
    for command in commands:
        start, cpu = time.perf_counter(), time.process_time()
        lines = shell.run_check(command, timeout=80)
        outputs.append(
            {
                "seconds": time.perf_counter() - start,
                "cpu_s": time.process_time() - cpu,
                "characters": sum(len(line) + 1 for line in lines),
            }
        )
    print(json.dumps({"milliseconds": milliseconds, "outputs": outputs}))


main()
