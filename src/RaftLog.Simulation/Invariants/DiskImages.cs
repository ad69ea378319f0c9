using System.Globalization;
using RaftLog.Protocol;

namespace RaftLog.Simulation;

/// <summary>The logs of all machines as their disk images have them, brought up to date when they are asked for.</summary>
/// <param name="cluster">The machines.</param>
/// <param name="promise">Whether a record's place is the medium or the page cache. The metadata log's is always the medium.</param>
internal sealed class DiskImages(SimCluster cluster, FlushPromise promise)
{
    private const string MetadataTopic = "__cluster_metadata";
    private const string SnapshotSuffix = ".checkpoint";
    private const int OffsetDigits = 20;

    private readonly Dictionary<(TopicPartition, int), ReplicaImage> _images = [];

    /// <summary>Told of a replica's image that has got something.</summary>
    internal Action<int, TopicPartition, ReplicaImage> Came { get; set; } = static (_, _, _) => { };

    /// <summary>Told of batches that a replica's image has lost.</summary>
    internal Action<int, TopicPartition, ImageBatch, ReplicaImage> Gone { get; set; } = static (_, _, _, _) => { };

    /// <summary>A replica's log now.</summary>
    internal ReplicaImage Of(int node, TopicPartition partition)
    {
        if (!_images.TryGetValue((partition, node), out ReplicaImage? image))
        {
            bool durable = promise == FlushPromise.Flushed || partition.Topic == MetadataTopic;
            image = new ReplicaImage(
                cluster.Machine(node).Volume,
                $"{SimCluster.LogDirectory}/{partition}",
                durable,
                partition.Topic == LogTopic.Compacted
            );
            _images.Add((partition, node), image);
        }

        SimMachine machine = cluster.Machine(node);
        bool wasForeign = machine.IsForeign(image.Directory);
        if (image.Refresh())
        {
            // A log that was taken away, or put there by nobody in this cluster, is no replica's doing. Whoever takes it for its own fails
            // as a member of an in-sync set.
            if (!machine.IsForeign(image.Directory))
            {
                Came(node, partition, image);
            }

            foreach (ImageBatch batch in wasForeign ? [] : image.Gone)
            {
                Gone(node, partition, batch, image);
            }
        }

        return image;
    }

    /// <summary>True when a replica's image reaches up to an offset, by its log or by a snapshot.</summary>
    internal bool Covers(int node, TopicPartition partition, Offset end) =>
        end <= Offset.Zero || Of(node, partition).End >= end || (partition.Topic == MetadataTopic && SnapshotEnd(node) >= end);

    /// <summary>The end of the newest snapshot of the metadata log in a machine's image.</summary>
    internal Offset SnapshotEnd(int node)
    {
        Offset end = Offset.Zero;
        if (cluster.Machine(node).Volume.Find($"{SimCluster.LogDirectory}/{MetadataTopic}-0", durable: true) is SimDirectory directory)
        {
            foreach (string name in directory.Durable.Keys)
            {
                if (
                    name.EndsWith(SnapshotSuffix, StringComparison.Ordinal)
                    && long.TryParse(name.AsSpan(0, OffsetDigits), NumberStyles.None, CultureInfo.InvariantCulture, out long offset)
                )
                {
                    end = new Offset(Math.Max(end.Value, offset));
                }
            }
        }

        return end;
    }
}
