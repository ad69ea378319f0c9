#!/usr/bin/env bash
# Microsoft.FASTER.Core 2.6.5: two FasterLogs with files of their own in one directory are not two logs. A log's commits are kept in files that are named by the directory of its
# device, not by its file, unless LogCommitDir is set. So a new log "payments" beside the log "orders" takes over the commits of "orders": it begins behind its end, and what is
# then written to it, and committed, is not read: the iterator finds a file of zeros and gives nothing, no error. And "orders", opened again, believes in the end of "payments".
# In directories of their own, both work.
set -euo pipefail
source "$(dirname "$0")/lib/dotnet-app.sh"
dotnet_app 'Microsoft.FASTER.Core 2.6.5' <<'CS'
using System.Text;
using FASTER.core;

foreach ((string what, string orders, string payments) in new[] { ("apart", "a/orders", "b/payments"), ("together", "c/orders", "c/payments") })
{
    Write(what, Path.Combine(args[0], orders), 5);
    Write(what, Path.Combine(args[0], payments), 3);
    Write(what, Path.Combine(args[0], orders), 0);
}

static void Write(string what, string file, int entries)
{
    using IDevice device = Devices.CreateLogDevice(file);
    using FasterLog log = new(new FasterLogSettings { LogDevice = device });
    string name = Path.GetFileName(file);
    long start = log.TailAddress;
    for (int i = 0; i < entries; i++)
    {
        log.Enqueue(Encoding.UTF8.GetBytes($"{name} {i}"));
    }

    if (entries > 0)
    {
        log.Commit(spinWait: true);
    }

    int read = 0;
    using FasterLogScanIterator iterator = log.Scan(log.BeginAddress, log.CommittedUntilAddress);
    while (iterator.GetNext(out _, out _, out _, out _))
    {
        read++;
    }

    Console.WriteLine($"{what}, {name}: opened with its end at {start}, {entries} written, {read} read");
}
CS
mkdir -p "$work/logs/"{a,b,c}
out=$(timeout 60 dotnet "$app" "$work/logs")
echo "$out"
expect 'apart, the second log begins empty' '^apart, payments: opened with its end at 64, 3 written, 3 read$' "$out"
expect 'and the first keeps what it has' '^apart, orders: opened with its end at 124, 0 written, 5 read$' "$out"
expect 'together, the second begins at the end of the first, and nothing of it is read' '^together, payments: opened with its end at 124, 3 written, 0 read$' "$out"
expect 'and the first, opened again, has another end' '^together, orders: opened with its end at 172, 0 written, ' "$out"
