#!/usr/bin/env bash
# kafkajs-async-retry 1.0.0 (npm): a delay of 0, "retry at once", becomes the longest wait. retryDelays [0, 5, 60], in seconds, is taken as 60, 5, 60: a zero counts as absent and
# is filled up with the last delay, which is meant for attempts beyond the list. So the first retry, for failures that pass at once, comes after a minute, and with
# RetryTopicNaming.DELAY_BASED the message goes to the topic of 60 seconds; a topic of 0 seconds is not even named. 0.001 works.
set -euo pipefail
source "$(dirname "$0")/lib/dotnet-app.sh"
command -v npm >/dev/null || { echo "no npm on PATH: install Node.js" >&2; exit 2; }
work=$(mktemp -d "${TMPDIR:-/tmp}/finding.XXXXXX")
trap 'rm -rf "$work"' EXIT
npm install --prefix "$work" kafkajs-async-retry@1.0.0 kafkajs@2.2.4 --no-audit --no-fund --loglevel=error >/dev/null
cat >"$work/retry.js" <<'JS'
const { default: AsyncRetryHelper, RetryTopicNaming } = require('kafkajs-async-retry')

async function main() {
  for (const first of [5, 0, 0.001]) {
    let sent
    const producer = { send: async record => { sent = record } } // all that the helper calls of kafkajs
    const helper = new AsyncRetryHelper({ producer, groupId: 'billing', retryTopicNaming: RetryTopicNaming.DELAY_BASED, maxRetries: 3, retryDelays: [first, 30, 60] })
    const handle = helper.eachMessage(async () => { throw new Error('fails') })
    const before = Date.now()
    await handle({ topic: 'orders', partition: 0, message: { key: null, value: Buffer.from('v'), headers: {} }, pause: () => () => {} })
    const { ttl } = JSON.parse(sent.messages[0].headers.asyncRetry)
    console.log(`${first}, 30, 60: topics ${helper.retryTopics}; first retry in ${sent.topic}, due after ${Math.round((ttl - before) / 1000)} s`)
  }
}

main().catch(e => { console.error(e); process.exit(1) })
JS
out=$(node "$work/retry.js")
echo "$out"
expect 'a first delay of 5 is 5' '^5, 30, 60: topics billing-retry-5s,.*; first retry in billing-retry-5s, due after 5 s$' "$out"
expect 'one of 0 is 60' '^0, 30, 60: topics billing-retry-60s,billing-retry-30s; first retry in billing-retry-60s, due after 60 s$' "$out"
expect 'one of 0.001 is none' '^0\.001, 30, 60: .*, due after 0 s$' "$out"
