using System.Globalization;
using System.Text;
using RaftLog.Protocol;

namespace RaftLog.Simulation;

/// <summary>
/// The checkpoints of high watermarks on the machines' disks, read from Kafka's text form as a starting node would find them.
/// </summary>
/// <param name="cluster">The machines.</param>
internal sealed class HighWatermarkCheckpoints(SimCluster cluster)
{
    private const string Name = "replication-offset-checkpoint";
    private const int FieldCount = 3;

    private readonly Dictionary<(int, string), (SimInode File, long Version)> _seen = [];

    /// <summary>What the checkpoints say that were written since the last call.</summary>
    internal IEnumerable<(SimMachine Machine, TopicPartition Partition, Offset HighWatermark)> TakeNew()
    {
        foreach (
            (SimMachine machine, string directory) in cluster.Machines.SelectMany(each =>
                cluster.LogDirectories.Select(directory => (each, directory))
            )
        )
        {
            if (
                machine.Volume.Find($"{directory}/{Name}") is not SimInode file
                || _seen.GetValueOrDefault((machine.Number, directory)) == (file, file.Current.Version)
            )
            {
                continue;
            }

            _seen[(machine.Number, directory)] = (file, file.Current.Version);
            foreach ((TopicPartition partition, Offset highWatermark) in Read(file.Current.Span))
            {
                yield return (machine, partition, highWatermark);
            }
        }
    }

    private static List<(TopicPartition Partition, Offset HighWatermark)> Read(ReadOnlySpan<byte> bytes)
    {
        List<(TopicPartition, Offset)> read = [];
        foreach (string line in Encoding.UTF8.GetString(bytes).Split('\n'))
        {
            string[] fields = line.Split(' ');
            if (
                fields.Length == FieldCount
                && int.TryParse(fields[1], NumberStyles.None, CultureInfo.InvariantCulture, out int partition)
                && long.TryParse(fields[2], NumberStyles.None, CultureInfo.InvariantCulture, out long offset)
            )
            {
                read.Add((new TopicPartition(fields[0], partition), new Offset(offset)));
            }
        }

        return read;
    }
}
