import { spawn } from 'node:child_process';
import { once } from 'node:events';

/**
 * Ends with the owner: stdin is a pipe whose other end only the owner holds, so that its end is seen whatever ended it.
 * Then each recorded process is killed with its group if it is still the process that was recorded, and the directory is removed.
 * A record is a file named by the pid, holding the start time (field 22 of /proc/PID/stat). A leader that is gone may have left
 * members of its group; the kernel doesn't give its pid to another process as long as there are any.
 */
const script = `
trap '' HUP INT TERM
directory=$1
while read -r _; do :; done
start_time() {
  set -- $(cat "/proc/$1/stat" 2>/dev/null | sed 's/.*) //')
  [ "$1" = Z ] || echo "\${20}"
}
tries=0
while [ $tries -lt 80 ]; do
  alive=no
  for record in "$directory"/processes/*; do
    [ -e "$record" ] || continue
    pid=\${record##*/}
    started=$(start_time "$pid")
    recorded=$(cat "$record")
    if [ -n "$started" ] && [ "$started" != "$recorded" ]; then continue; fi
    kill -s KILL -- "-$pid"
    if [ -n "$started" ]; then kill -s KILL "$pid"; alive=yes; fi
  done
  [ $alive = yes ] || break
  sleep 0.05
  tries=$((tries + 1))
done 2>/dev/null
rm -rf -- "$directory" || { sleep 0.2; rm -rf -- "$directory"; }
`;

/** Starts the reaper of a directory, in a session of its own. It acts when its stdin ends. */
export function startReaper(directory: string) {
  return spawn('sh', ['-c', script, 'boardwalk-reaper', directory], { cwd: '/', detached: true, stdio: ['pipe', 'ignore', 'ignore'] });
}

/** Lets a reaper act on a directory at once, and awaits its end. */
export async function reap(directory: string): Promise<void> {
  const reaper = startReaper(directory);
  const ended = once(reaper, 'close');
  reaper.stdin.end();
  await ended;
}
