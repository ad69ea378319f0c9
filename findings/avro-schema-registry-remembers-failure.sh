#!/usr/bin/env bash
# avro-schema-registry 2.1.5 (npm) with avsc 5.7.9 and a registry in this script: one failed registration is remembered for the life of the process. encodeMessage and encodeKey
# keep the promise of the request in their cache, also when it was rejected: a registry that answers 503 once, as at an election of its leader, or a refused connection, makes
# every later message with this schema fail with the old error, and the registry is not asked again. A message with another schema is sent at once. decode forgets its failures,
# so consumers recover and producers don't.
set -euo pipefail
source "$(dirname "$0")/lib/dotnet-app.sh"
command -v npm >/dev/null || { echo "no npm on PATH: install Node.js" >&2; exit 2; }
work=$(mktemp -d "${TMPDIR:-/tmp}/finding.XXXXXX")
trap 'rm -rf "$work"' EXIT
npm install --prefix "$work" avro-schema-registry@2.1.5 avsc@5.7.9 --no-audit --no-fund --loglevel=error >/dev/null
cat >"$work/encode.js" <<'JS'
const http = require('http')

let up = false, requests = 0
const answer = (request, response) => {
  requests++
  if (!up) response.writeHead(503).end('{"error_code":50003,"message":"no leader"}')
  else response.end(request.method === 'POST' ? '{"id":7}' : '{"schema":"\\"string\\""}')
}
const server = http.createServer((request, response) => request.resume().on('end', () => answer(request, response)))
server.listen(0, '127.0.0.1', async () => {
  const registry = require('avro-schema-registry')(`http://127.0.0.1:${server.address().port}`)
  const report = async (what, promise) => {
    requests = 0
    const result = await promise().then(value => Buffer.isBuffer(value) ? value.toString('hex') : value, e => e.message)
    console.log(`${what}: ${result}, requests: ${requests}`)
  }
  const message = Buffer.from('00000000090261', 'hex')
  await report('down, encode', () => registry.encodeMessage('orders', 'string', 'a'))
  await report('down, decode', () => registry.decode(message))
  up = true
  await report('up, encode', () => registry.encodeMessage('orders', 'string', 'a'))
  await report('up, encode again', () => registry.encodeMessage('orders', 'string', 'b'))
  await report('up, encode another schema', () => registry.encodeMessage('orders', 'long', 1))
  await report('up, decode', () => registry.decode(message))
  server.close()
})
JS
out=$(timeout 60 node "$work/encode.js")
echo "$out"
expect 'the registry is down: an error' '^down, encode: Schema registry error: 50003 - no leader, requests: 1$' "$out"
expect 'it is up: the same error, and nothing is asked' '^up, encode: Schema registry error: 50003 - no leader, requests: 0$' "$out"
expect 'so it remains' '^up, encode again: Schema registry error: 50003 - no leader, requests: 0$' "$out"
expect 'another schema is registered' '^up, encode another schema: 000000000702, requests: 1$' "$out"
expect 'decode fails while the registry is down' '^down, decode: Schema registry error: 50003 - no leader, requests: 1$' "$out"
expect 'and works afterwards' '^up, decode: a, requests: 1$' "$out"
