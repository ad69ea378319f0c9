using RaftLog.Storage;

namespace RaftLog.Simulation;

/// <summary>
/// What stopped nodes leave on their disks agrees with itself: the shipped verification of log directories reads every byte of it, holds
/// batches, indexes, snapshots of producers, epochs and checkpoints against each other, and finds nothing.
/// </summary>
/// <param name="cluster">The machines.</param>
internal sealed class StoppedDisks(SimCluster cluster)
{
    private static readonly string[] Interrupted = ["-stray", ".part", ".tmp", ".cleaned", ".swap"];

    /// <summary>How many logs were read.</summary>
    internal long Checks { get; private set; }

    /// <summary>Looks at every disk that has always given back what was written to it.</summary>
    internal void Verify()
    {
        foreach (SimMachine machine in cluster.Machines.Where(static each => !each.IsDestroyed && each.Volume.DamagedReads == 0))
        {
            SimDisk disk = machine.DiskAtRest();
            foreach (string directory in machine.LogDirectories.Where(disk.DirectoryExists))
            {
                VerificationResult result = LogDirectoryVerification.Run(disk, directory);
                Checks += result.Logs.Count;
                if (result.Findings.FirstOrDefault(static each => !IsLeftOver(each)) is { } first)
                {
                    cluster.Scheduler.Fail($"stopped-disk-agrees: {machine.Name} has stopped, and {first}");
                }
            }
        }
    }

    /// <summary>
    /// What a start passes over or removes: a log that was set aside, files of work that the stop has interrupted, and a snapshot of
    /// producers that the power has left half.
    /// </summary>
    private static bool IsLeftOver(LogFinding finding) =>
        Interrupted.Any(suffix => finding.Path.EndsWith(suffix, StringComparison.Ordinal))
        || (finding.Repair == LogRepairKind.Remove && finding.Path.EndsWith(".snapshot", StringComparison.Ordinal));
}
