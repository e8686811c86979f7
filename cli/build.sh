#!/bin/sh
# Compiles the package into dist/: Node runs no TypeScript below node_modules. What isn't code lies beside the compiled code as it lies
# beside the sources. The reference supervisor stays TypeScript: the image builder compiles it into the image.
set -eu
cd "$(dirname -- "$0")/.."
rm -rf dist
node_modules/.bin/tsc -p tsconfig.build.json
supervisor=qemu/reference-os/supervisor
tar -cf - --exclude='*.ts' --exclude='*.md' package.json schema qemu devices suites | tar -xf - -C dist
tar -cf - --exclude='*.test.ts' --exclude=testing "$supervisor" | tar -xf - -C dist
