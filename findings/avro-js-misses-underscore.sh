#!/usr/bin/env bash
# avro-js 1.12.2 (npm), Apache's own Avro for JavaScript: the package cannot be loaded after an install into an empty folder. Its main module requires "underscore", by way of a
# deprecated validator, and package.json declares no dependency at all. It works wherever another package brings underscore along, so that a program breaks when that one
# is removed or updated.
set -euo pipefail
source "$(dirname "$0")/lib/dotnet-app.sh"
command -v npm >/dev/null || { echo "no npm on PATH: install Node.js" >&2; exit 2; }
work=$(mktemp -d "${TMPDIR:-/tmp}/finding.XXXXXX")
trap 'rm -rf "$work"' EXIT
cat >"$work/load.js" <<'JS'
const { dependencies } = require('avro-js/package.json')
console.log(`declared: ${JSON.stringify(dependencies)}`)
try {
  const type = require('avro-js').parse('long')
  console.log(`loaded, 5 is ${type.toBuffer(5).toString('hex')}`)
} catch (e) {
  console.log(`${e.code}: ${e.message.split('\n')[0]}`)
}
JS
install() { npm install --prefix "$work" "$@" --no-audit --no-fund --loglevel=error >/dev/null; }
install avro-js@1.12.2
alone=$(node "$work/load.js")
echo "$alone"
install underscore@1.13.7
beside=$(node "$work/load.js")
echo "beside underscore: $beside"
expect 'it declares no dependency' '^declared: \{\}$' "$alone"
expect 'and cannot be loaded' "^MODULE_NOT_FOUND: Cannot find module 'underscore'\$" "$alone"
expect 'with underscore installed beside it, it can' '^loaded, 5 is 0a$' "$beside"
