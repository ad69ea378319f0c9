using System.Globalization;
using System.Text;
using RaftLog.Protocol;
using RaftLog.Protocol.Records;

namespace RaftLog.Simulation;

/// <summary>
/// Batches of a machine that lie below the recovery point which the machine has on its disk: flushed long ago, and known to be. A disk that
/// corrupts them can be found out; one that corrupts what was flushed just now cannot be told from a torn end, by any reader of this
/// format.
/// </summary>
internal static class BatchesAtRest
{
    private const string RecoveryPoints = "recovery-point-offset-checkpoint";
    private const string LogSuffix = ".log";
    private const int HeaderLines = 2;

    /// <summary>All of them, in the order of partitions and files.</summary>
    internal static List<BatchAtRest> Of(SimVolume volume)
    {
        List<BatchAtRest> found = [];
        foreach (string directory in SimCluster.BothLogDirectories)
        {
            Add(volume, directory, found);
        }

        return found;
    }

    private static void Add(SimVolume volume, string directory, List<BatchAtRest> found)
    {
        if (volume.Find($"{directory}/{RecoveryPoints}", durable: true) is not SimInode checkpoint)
        {
            return;
        }

        foreach (
            string line in Encoding
                .UTF8.GetString(checkpoint.Durable.Span)
                .Split('\n', StringSplitOptions.RemoveEmptyEntries)
                .Skip(HeaderLines)
        )
        {
            if (line.Split(' ') is [string topic, string partition, string offset])
            {
                Add(volume, $"{directory}/{topic}-{partition}", new Offset(long.Parse(offset, CultureInfo.InvariantCulture)), found);
            }
        }
    }

    private static void Add(SimVolume volume, string path, Offset recoveryPoint, List<BatchAtRest> found)
    {
        if (volume.Find(path) is not SimDirectory directory)
        {
            return;
        }

        foreach ((string name, object entry) in directory.Current)
        {
            if (name.EndsWith(LogSuffix, StringComparison.Ordinal) && entry is SimInode file)
            {
                Add($"{path}/{name}", file, recoveryPoint, found);
            }
        }
    }

    private static void Add(string path, SimInode file, Offset recoveryPoint, List<BatchAtRest> found)
    {
        ReadOnlySpan<byte> bytes = file.Current.Span;
        int at = 0;
        while (RecordBatch.Read(bytes[at..], out RecordBatch batch) == BatchStatus.Complete && batch.NextOffset <= recoveryPoint)
        {
            found.Add(new BatchAtRest(path, file, at, batch.Size));
            at += batch.Size;
        }
    }
}
