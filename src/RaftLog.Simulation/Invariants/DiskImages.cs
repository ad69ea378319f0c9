using RaftLog.Protocol;

namespace RaftLog.Simulation;

/// <summary>The logs of all machines as their disk images have them, brought up to date when they are asked for.</summary>
/// <param name="cluster">The machines.</param>
/// <param name="promise">Whether a record's place is the medium or the page cache. The metadata log's is always the medium.</param>
internal sealed class DiskImages(SimCluster cluster, FlushPromise promise)
{
    private const string MetadataTopic = "__cluster_metadata";

    private readonly SortedDictionary<(TopicPartition, int), ReplicaImage> _images = [];

    /// <summary>Told of batches that a replica's image has got.</summary>
    internal Action<int, TopicPartition, ImageBatch> Come { get; set; } = static (_, _, _) => { };

    /// <summary>Told of batches that a replica's image has lost.</summary>
    internal Action<int, TopicPartition, ImageBatch, ReplicaImage> Gone { get; set; } = static (_, _, _, _) => { };

    /// <summary>A replica's log now.</summary>
    internal ReplicaImage Of(int node, TopicPartition partition)
    {
        if (!_images.TryGetValue((partition, node), out ReplicaImage? image))
        {
            bool durable = promise == FlushPromise.Flushed || partition.Topic == MetadataTopic;
            image = new ReplicaImage(cluster.Machine(node).Volume, $"{SimCluster.LogDirectory}/{partition}", durable);
            _images.Add((partition, node), image);
        }

        if (image.Refresh())
        {
            foreach (ImageBatch batch in image.Come)
            {
                Come(node, partition, batch);
            }

            foreach (ImageBatch batch in image.Gone)
            {
                Gone(node, partition, batch, image);
            }
        }

        return image;
    }

    /// <summary>True when a replica's image reaches up to an offset, or begins behind it.</summary>
    internal bool Covers(int node, TopicPartition partition, Offset end) => end <= Offset.Zero || Of(node, partition).End >= end || IsEmptyAt(node, partition, end);

    // A log that begins at a snapshot's end holds nothing and ends there all the same.
    private bool IsEmptyAt(int node, TopicPartition partition, Offset end)
    {
        SimVolume volume = cluster.Machine(node).Volume;
        return volume.Find($"{SimCluster.LogDirectory}/{partition}/{end.Value:D20}.log", durable: true) is not null;
    }
}
