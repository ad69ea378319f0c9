#!/usr/bin/env bash
# kafkajs-buffer 1.0.2 (npm): a buffer that was full once is full for good, even when it is empty. A push that exceeds queueBufferingMaxMessages throws BufferMaxSizeExceeded
# and counts its messages all the same; what was never buffered is never sent, so the count does not come down. Each further attempt raises it: a producer that waits for
# room and pushes again, the one thing to do at that error, makes every later push fail, also one of a single message into an empty buffer. Only a new object helps.
set -euo pipefail
source "$(dirname "$0")/lib/dotnet-app.sh"
command -v npm >/dev/null || { echo "no npm on PATH: install Node.js" >&2; exit 2; }
work=$(mktemp -d "${TMPDIR:-/tmp}/finding.XXXXXX")
trap 'rm -rf "$work"' EXIT
npm install --prefix "$work" kafkajs-buffer@1.0.2 kafkajs@2.2.4 --no-audit --no-fund --loglevel=error >/dev/null
cat >"$work/push.js" <<'JS'
const { KafkajsBuffer } = require('kafkajs-buffer')

async function main() {
  let sent = 0
  const producer = { send: async ({ messages }) => { sent += messages.length } } // all that the buffer calls of kafkajs
  const buffer = new KafkajsBuffer(producer, { queueBufferingMaxMessages: 4 })
  const push = (what, count) => {
    try {
      buffer.push({ topic: 'orders', messages: Array.from({ length: count }, (_, i) => ({ key: `${i}`, value: 'v' })) })
      console.log(`${what}: buffered`)
    } catch (e) {
      console.log(`${what}: ${e.constructor.name}`)
    }
  }
  push('four of four', 4)
  for (let attempt = 1; attempt <= 4; attempt++) push(`one more, attempt ${attempt}`, 1)
  await buffer.flush()
  console.log(`sent: ${sent}`)
  push('one into the empty buffer', 1)
  await buffer.flush()
  push('one later', 1)
  console.log(`sent: ${sent}`)
}

main().catch(e => { console.error(e); process.exit(1) })
JS
out=$(node "$work/push.js")
echo "$out"
expect 'four messages fit' '^four of four: buffered$' "$out"
expect 'a fifth does not' '^one more, attempt 1: BufferMaxSizeExceeded$' "$out"
expect 'with all four sent the buffer is empty, and full' '^one into the empty buffer: BufferMaxSizeExceeded$' "$out"
expect 'and stays so' '^one later: BufferMaxSizeExceeded$' "$out"
expect 'no more than four were ever sent' '^sent: 4$' "$(tail -1 <<<"$out")"
