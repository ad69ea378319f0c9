#!/usr/bin/env bash
# lz4js 0.2.0: a valid LZ4 frame with block checksums, which `lz4 -BX` writes, is decompressed into wrong bytes, without an error. The checksum stands behind each block; the package skips
# four bytes in front of it, so every block is read four bytes too late. A block that could not be compressed keeps its length, so that a check of the length finds nothing.
# The content checksum of the same frame, which would tell, is not compared. The lz4 tool reads the frame, and lz4js reads frames without block checksums.
set -euo pipefail
source "$(dirname "$0")/lib/dotnet-app.sh"
command -v npm >/dev/null || { echo "no npm on PATH: install Node.js" >&2; exit 2; }
command -v lz4 >/dev/null || { echo "install Debian's package lz4 first" >&2; exit 2; }
work=$(mktemp -d "${TMPDIR:-/tmp}/finding.XXXXXX")
trap 'rm -rf "$work"' EXIT
npm install --prefix "$work" lz4js@0.2.0 --no-audit --no-fund --loglevel=error >/dev/null
cat >"$work/read.js" <<'JS'
const { readFileSync } = require('fs')
const { decompress } = require('lz4js')

const [original, ...frames] = process.argv.slice(2)
const expected = readFileSync(original)
for (const frame of frames) {
  const read = Buffer.from(decompress(readFileSync(frame)))
  console.log(`${frame.split('/').pop()}: ${read.equals(expected) ? 'the same bytes' : 'other bytes'}, ${read.length} of ${expected.length}, beginning ${JSON.stringify(read.toString('latin1', 0, 12))}`)
}
JS
printf 'order 4711' >"$work/short"
seq 1 20000 >"$work/long"
out=$(lz4 --version
for file in short long; do
  lz4 -q -f "$work/$file" "$work/$file.plain"
  lz4 -q -f -BX "$work/$file" "$work/$file.checked"
  lz4 -q -d -c "$work/$file.checked" | cmp - "$work/$file" && echo "lz4 reads $file.checked"
  node "$work/read.js" "$work/$file" "$work/$file.plain" "$work/$file.checked"
done)
echo "$out"
expect 'the tool reads the short frame' '^lz4 reads short.checked$' "$out"
expect 'and the long one' '^lz4 reads long.checked$' "$out"
expect 'without block checksums lz4js reads the short one' '^short.plain: the same bytes' "$out"
expect 'and the long one' '^long.plain: the same bytes' "$out"
expect 'with them it gives other bytes of the same length' '^short.checked: other bytes, 10 of 10, beginning "r 4711' "$out"
expect 'and of a long file other bytes too' '^long.checked: other bytes, ' "$out"
