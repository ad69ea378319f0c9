#!/usr/bin/env bash
# zstd-codec 0.1.5 of npm: Simple.decompress returns null for a Zstandard frame that does not say how long its content is. That is what every writer makes that streams,
# Kafka's Java producers as well as Streaming.compress of the same package. It is not an error that is thrown, and not a rare form: a frame made in one
# piece says its length and is decoded, so a test with a round trip through Simple passes. fzstd 0.1.1 decodes both.
set -euo pipefail
source "$(dirname "$0")/lib/dotnet-app.sh"
command -v npm >/dev/null || { echo "no npm on PATH: install Node.js" >&2; exit 2; }
work=$(mktemp -d "${TMPDIR:-/tmp}/finding.XXXXXX")
trap 'rm -rf "$work"' EXIT
npm install --prefix "$work" zstd-codec@0.1.5 fzstd@0.1.1 --no-audit --no-fund --loglevel=error >/dev/null
cat >"$work/decode.js" <<'JS'
const { ZstdCodec } = require('zstd-codec')
const { decompress } = require('fzstd')

ZstdCodec.run(zstd => {
  const [simple, streaming] = [new zstd.Simple(), new zstd.Streaming()]
  const data = Buffer.from('a record of some length, '.repeat(8))
  const said = bytes => bytes ? Buffer.from(bytes).equals(data) ? 'the same' : 'other bytes' : String(bytes)
  for (const [kind, frame] of Object.entries({ 'in one piece': simple.compress(data), streamed: streaming.compress(data) })) {
    console.log(`${kind}, Simple: ${said(simple.decompress(frame))}`)
    console.log(`${kind}, Streaming: ${said(streaming.decompress(frame))}`)
    console.log(`${kind}, fzstd: ${said(decompress(frame))}`)
  }
})
JS
out=$(node "$work/decode.js")
echo "$out"
expect 'Simple gives null for a streamed frame' '^streamed, Simple: null$' "$out"
expect 'it decodes a frame that was made in one piece' '^in one piece, Simple: the same$' "$out"
expect 'the streamed frame is right' '^streamed, fzstd: the same$' "$out"
expect 'and the package can decode it' '^streamed, Streaming: the same$' "$out"
