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

    /// <summary>The image in each log directory, and the one of them that is the replica's.</summary>
    private readonly Dictionary<(TopicPartition, int), (ReplicaImage[] All, ReplicaImage Shown)> _images = [];

    /// <summary>What <see cref="Seen"/> has looked at, each brought up to date when it is asked for again.</summary>
    private readonly Dictionary<(TopicPartition, int), ReplicaImage[]> _seen = [];

    /// <summary>Told of a replica's image that has got something.</summary>
    internal Action<int, TopicPartition, ReplicaImage> Came { get; set; } = static (_, _, _) => { };

    /// <summary>Told of batches that a replica's image has lost.</summary>
    internal Action<int, TopicPartition, ImageBatch, ReplicaImage> Gone { get; set; } = static (_, _, _, _) => { };

    /// <summary>Of a topic that the world tells from others of its name: that name, and its id.</summary>
    internal Func<string, (string Name, Uuid Id)?> Namesake { get; init; } = static _ => null;

    /// <summary>How often a replica's log has come to lie in another log directory.</summary>
    internal int Moves { get; private set; }

    /// <summary>
    /// A replica's log now. Where two log directories have one, as when a machine goes down while a copy takes the place of the log, it is
    /// the one that was written to since: it goes further in the later epoch.
    /// </summary>
    internal ReplicaImage Of(int node, TopicPartition partition)
    {
        if (!_images.TryGetValue((partition, node), out (ReplicaImage[] All, ReplicaImage Shown) known))
        {
            bool durable = promise == FlushPromise.Flushed || partition.Topic == MetadataTopic;
            ReplicaImage[] all = ImagesOf(node, partition, durable);
            known = (all, all[0]);
            _images.Add((partition, node), known);
        }

        SimMachine machine = cluster.Machine(node);
        ReplicaImage before = known.Shown;
        bool wasForeign = machine.IsForeign(before.Directory);
        bool isChanged = false;
        foreach (ReplicaImage each in known.All)
        {
            // A log that was taken away, or put there by nobody in this cluster, is no replica's doing. Whoever takes it for its own fails
            // as a member of an in-sync set.
            if (each.Refresh())
            {
                isChanged = true;
                if (!machine.IsForeign(each.Directory))
                {
                    Came(node, partition, each);
                }
            }
        }

        if (!isChanged)
        {
            return before;
        }

        ReplicaImage image = Furthest(known.All);
        if (image != before)
        {
            Moves += before.End > Offset.Zero ? 1 : 0;
            _images[(partition, node)] = (known.All, image);
        }

        IEnumerable<ImageBatch> gone = image == before ? image.Gone : before.Gone.Concat(before.Batches);
        foreach (ImageBatch batch in wasForeign ? [] : gone)
        {
            Gone(node, partition, batch, image);
        }

        return image;
    }

    /// <summary>A replica's log as its process reads it now, flushed or not.</summary>
    internal ReplicaImage Seen(int node, TopicPartition partition)
    {
        if (!_seen.TryGetValue((partition, node), out ReplicaImage[]? all))
        {
            all = ImagesOf(node, partition, durable: false);
            _seen.Add((partition, node), all);
        }

        foreach (ReplicaImage each in all)
        {
            each.Refresh();
        }

        return Furthest(all);
    }

    private static ReplicaImage Furthest(ReplicaImage[] all) =>
        all.MaxBy(static each => (each.Directory is not null, each.LastEpoch, each.End))!;

    private ReplicaImage[] ImagesOf(int node, TopicPartition partition, bool durable) =>
        [.. cluster.LogDirectories.Select(directory => ImageIn(directory, node, partition, durable))];

    private ReplicaImage ImageIn(string directory, int node, TopicPartition partition, bool durable)
    {
        (string Name, Uuid Id)? namesake = Namesake(partition.Topic);
        return new ReplicaImage(
            cluster.Machine(node).Volume,
            $"{directory}/{new TopicPartition(namesake?.Name ?? partition.Topic, partition.Partition)}",
            durable,
            isCompacted: cluster.IsCompacted(partition.Topic),
            topic: namesake?.Id
        );
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
