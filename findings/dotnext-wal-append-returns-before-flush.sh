#!/usr/bin/env bash
# DotNext.Net.Cluster 6.12.0: with WriteAheadLog.Options.FlushOnCommit = true, AppendAsync returns before anything of the entry is flushed.
# The option's documentation speaks of every appended or committed entry. Three entries are appended, one after the other, and each call has returned before
# the first msync of the log's pages has finished; CommitAsync is what waits. In Raft a follower acknowledges what it has appended, and the leader counts
# that towards the majority: an entry may be committed that is on the disk of one member only.
# The order is read from a system call trace (Debian's strace); the program marks its own steps by looking for files that are not there.
set -euo pipefail
source "$(dirname "$0")/lib/dotnet-app.sh"
command -v strace >/dev/null || { echo "install Debian's package strace first" >&2; exit 2; }
dotnet_app 'DotNext.Net.Cluster 6.12.0' <<'CS'
using DotNext.IO.Log;
using DotNext.Net.Cluster;
using DotNext.Net.Cluster.Consensus.Raft;
using DotNext.Net.Cluster.Consensus.Raft.StateMachine;

WriteAheadLog log = new(
    new WriteAheadLog.Options { Location = args[0], FlushOnCommit = true, MemoryManagement = WriteAheadLog.MemoryManagementStrategy.SharedMemory },
    IStateMachine.CreateNoOp(1_000_000));
await log.InitializeAsync(default);
long term = await ((IPersistentState)log).IncrementTermAsync(new ClusterMemberId(new Random(1)));
Mark("begin");
for (int i = 1; i <= 3; i++)
{
    await log.AppendAsync(new BinaryLogEntry { Content = new byte[1024], Term = term });
}

Mark("appended");
await log.CommitAsync(3);
Mark("committed");
await log.DisposeAsync();

static void Mark(string step) => File.Exists("/finding-mark/" + step);
CS
early=0
for _ in 1 2 3 4 5; do
  rm -rf "$work/log"
  strace -f -o "$work/trace" -e trace=%file,msync,fsync,fdatasync dotnet "$app" "$work/log"
  appending=$(sed -n '\#finding-mark/begin#,\#finding-mark/appended#p' "$work/trace" | grep -cE '(msync|fsync|fdatasync).*= 0$' || true)
  committing=$(sed -n '\#finding-mark/appended#,\#finding-mark/committed#p' "$work/trace" | grep -cE '(msync|fsync|fdatasync).*= 0$' || true)
  echo "flushes finished while three entries are appended: $appending, from there to the end of the commit: $committing"
  [[ $appending -gt 0 ]] || early=$((early + 1))
done
echo "runs in which AppendAsync returned three times with nothing flushed: $early of 5"
expect 'AppendAsync does not wait for a flush' '^[1-5]$' "$early"
expect 'CommitAsync does' '^[1-9]' "$committing"
