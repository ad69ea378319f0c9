#!/usr/bin/env bash
# Microsoft.FASTER.Core 2.6.5: FasterLog takes an entry without bytes, gives it an address, commits it, and from there on the log cannot be read: an iterator passes over
# everything up to the next page, 4 MB with the settings as they are, and says that it is at the end. GetNext returns false, no error: 200 committed entries behind an empty one
# are never seen, in this process and after a restart. They are on the disk: ReadAsync with the address that Enqueue returned reads one. A log of payloads that may be empty, a
# heartbeat or a tombstone, has to add a byte.
set -euo pipefail
source "$(dirname "$0")/lib/dotnet-app.sh"
dotnet_app 'Microsoft.FASTER.Core 2.6.5' <<'CS'
using System.Text;
using FASTER.core;

foreach (bool empty in new[] { false, true })
{
    string file = Path.Combine(args[0], Kind(empty), "log"); // each in a folder of its own
    using (IDevice device = Devices.CreateLogDevice(file))
    using (FasterLog log = new(new FasterLogSettings { LogDevice = device }))
    {
        log.Enqueue(Encoding.UTF8.GetBytes("first"));
        log.Enqueue(empty ? [] : Encoding.UTF8.GetBytes("x"));
        long address = log.Enqueue(Encoding.UTF8.GetBytes("after"));
        for (int i = 0; i < 199; i++)
        {
            log.Enqueue(Encoding.UTF8.GetBytes($"entry {i}"));
        }

        log.Commit(spinWait: true);
        (byte[] entry, int length) = await log.ReadAsync(address);
        Console.WriteLine($"{Kind(empty)}, by address: {Encoding.UTF8.GetString(entry, 0, length)}");
        Read(log, $"{Kind(empty)}, iterated");
    }

    using (IDevice device = Devices.CreateLogDevice(file))
    using (FasterLog log = new(new FasterLogSettings { LogDevice = device }))
    {
        Read(log, $"{Kind(empty)}, restarted");
    }
}

static string Kind(bool empty) => empty ? "with an empty entry" : "with an entry of a byte";

static void Read(FasterLog log, string what)
{
    List<string> entries = [];
    using FasterLogScanIterator iterator = log.Scan(log.BeginAddress, long.MaxValue);
    while (iterator.GetNext(out byte[] entry, out int length, out _, out _))
    {
        entries.Add(Encoding.UTF8.GetString(entry, 0, length));
    }

    Console.WriteLine($"{what}: {entries.Count} entries, the last is \"{entries[^1]}\", the log ends at {log.CommittedUntilAddress}, the iterator is at {iterator.NextAddress}");
}
CS
mkdir "$work/logs"
out=$(timeout 60 dotnet "$app" "$work/logs")
echo "$out"
expect 'entries with bytes are all read' '^with an entry of a byte, iterated: 202 entries, the last is "entry 198"' "$out"
expect 'also after a restart' '^with an entry of a byte, restarted: 202 entries' "$out"
expect 'behind an empty one nothing is' '^with an empty entry, iterated: 1 entries, the last is "first", .*, the iterator is at 4194304$' "$out"
expect 'nor after a restart' '^with an empty entry, restarted: 1 entries, the last is "first"' "$out"
expect 'what follows is there' '^with an empty entry, by address: after$' "$out"
