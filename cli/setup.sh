#!/bin/sh
# Makes this clone ready to run: a Node that is new enough, the npm packages of the lock file, the system packages of
# qemu/system-packages.txt. What is there already is left alone: a second call only looks. Then runs the command line that it is
# given, if any, where it was called, with that Node on PATH.
set -eu
called_in=$PWD
root=$(cd -- "$(dirname -- "$0")/.." && pwd)
cd "$root"

say() { printf 'setup    %s\n' "$*" >&2; }
fail() { printf 'boardwalk: %s\n' "$*" >&2; exit 2; }

# 1. System packages. /sbin and /usr/sbin are searched as well: mke2fs and mkfs.vfat live there, outside a user's PATH.
PATH=$PATH:/usr/sbin:/sbin
export PATH
missing=$(while read -r probe package; do
  case $probe in
  '#'* | '') ;;
  /*) [ -e "$probe" ] || echo "$package" ;;
  *) command -v "$probe" >/dev/null 2>&1 || echo "$package" ;;
  esac
done <qemu/system-packages.txt)
command -v npm >/dev/null 2>&1 || missing="$missing npm"
missing=$(printf '%s\n' $missing | sort -u | tr '\n' ' ')
if [ -n "${missing% }" ]; then
  if ! command -v apt-get >/dev/null 2>&1; then
    fail "these system packages are missing, and this system has no apt-get to install them: $missing"
  elif [ "$(id -u)" = 0 ]; then
    as_root=
  elif command -v sudo >/dev/null 2>&1 && sudo -n true 2>/dev/null; then
    as_root='sudo -n'
  else
    fail "system packages are missing; install them and try again:  sudo apt-get install --no-install-recommends $missing"
  fi
  say "installing $missing"
  log=$(mktemp)
  if ! { $as_root apt-get update && $as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends $missing; } >"$log" 2>&1; then
    tail -n 20 "$log" >&2
    fail "apt-get could not install $missing(the end of its output stands above; all of it in $log)"
  fi
  rm -f "$log"
fi

# 2. Node: the pinned one in .node/ where the system's is too old. It can't live in node_modules, which `npm ci` deletes.
wanted=$(cat .node-version)
major=${wanted%%.*}
new_enough() { [ -x "$1" ] && [ "$("$1" -p 'Number(process.versions.node.split(".")[0])' 2>/dev/null || echo 0)" -ge "$major" ]; }
if new_enough .node/bin/node; then
  PATH=$root/.node/bin:$PATH
elif ! new_enough "$(command -v node || echo /nonexistent)"; then
  case $(uname -m) in
  x86_64) arch=x64 ;;
  aarch64) arch=arm64 ;;
  *) fail "Node $major or newer is needed, found $(node --version 2>/dev/null || echo none), and no build for $(uname -m) is known; install Node $wanted by hand" ;;
  esac
  say "installing Node $wanted into .node/"
  mkdir -p .node/bin
  npm install --prefix .node --no-save --no-package-lock --loglevel=error "node-linux-$arch@$wanted" >&2
  ln -sfn "../node_modules/node-linux-$arch/bin/node" .node/bin/node
  PATH=$root/.node/bin:$PATH
fi

# 3. npm packages, when the lock file or the Node changed since they were installed.
stamp="$(node --version) $(sha256sum <package-lock.json)"
if [ "$(cat node_modules/.boardwalk-setup 2>/dev/null || true)" != "$stamp" ]; then
  say "installing npm packages"
  npm ci --loglevel=error >&2
  # `npx boardwalk` finds the clone's own command where npx looks for a package's.
  ln -sfn ../../cli/boardwalk node_modules/.bin/boardwalk
  printf '%s\n' "$stamp" >node_modules/.boardwalk-setup
fi

[ $# = 0 ] || { cd "$called_in" && exec "$@"; }
