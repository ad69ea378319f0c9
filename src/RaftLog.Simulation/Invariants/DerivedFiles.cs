using System.Buffers.Binary;
using System.Globalization;
using RaftLog.Protocol;

namespace RaftLog.Simulation;

/// <summary>
/// What a node's small files say is what the batches of its log say, after every recovery, truncation and roll: the snapshots of producers,
/// and the indexes of aborted transactions. Both are read here from the bytes of Kafka's own file forms, as the node's process sees them,
/// and made anew from the batches.
/// </summary>
/// <param name="cluster">The machines.</param>
internal sealed class DerivedFiles(SimCluster cluster)
{
    private const string SnapshotSuffix = ".snapshot";
    private const string IndexSuffix = ".txnindex";
    private const string LogSuffix = ".log";
    private const int OffsetDigits = 20;

    private readonly Dictionary<(int, string), ReplicaImage> _views = [];

    /// <summary>
    /// Logs of which the medium has given back something else than was written. What stands below a recovery point is read without a look
    /// at checksums, as in Kafka, and a wrong header then goes into what is made of it; a truncation that takes the damage away reads so.
    /// </summary>
    private readonly HashSet<(int, string)> _corrupt = [];

    /// <summary>How many files were held against the batches of their logs.</summary>
    internal long Checks { get; private set; }

    /// <summary>
    /// Looks at the files of one log, where the node serves it: until it has opened a log, what an earlier life has left is not its own.
    /// </summary>
    internal void Look(SimMachine machine, TopicPartition partition)
    {
        if (
            !machine.IsReady
            || machine.IsStopping
            || cluster.IsCompacted(partition.Topic)
            || machine.Node?.Partitions?.Find(partition)?.Log?.Path is not { } path
            || machine.Volume.Find(path) is not SimDirectory directory
            || machine.IsForeign(directory)
        )
        {
            return;
        }

        if (directory.Current.Values.Any(static each => each is SimInode { WasDamaged: true }))
        {
            _corrupt.Add((machine.Number, path));
        }

        if (_corrupt.Contains((machine.Number, path)))
        {
            return;
        }

        if (!_views.TryGetValue((machine.Number, path), out ReplicaImage? view))
        {
            view = new ReplicaImage(machine.Volume, path, durable: false, isCompacted: false);
            _views.Add((machine.Number, path), view);
        }

        view.Refresh();
        DerivedState state = new(knowsAll: view.Start == Offset.Zero);
        Queue<(Offset At, byte[] Bytes)> snapshots = new(FilesOf(directory, SnapshotSuffix));
        foreach (ImageBatch batch in view.Batches)
        {
            Compare(machine, partition, state, snapshots, upTo: batch.Base);
            state.Apply(batch);
        }

        Compare(machine, partition, state, snapshots, upTo: view.End);
        if (snapshots.TryPeek(out (Offset At, byte[] Bytes) beyond))
        {
            Fail(machine, partition, $"has a snapshot of producers at {beyond.At}, and its log ends at {view.End}");
        }

        CompareAborted(machine, partition, state, directory);
    }

    private void Compare(
        SimMachine machine,
        TopicPartition partition,
        DerivedState state,
        Queue<(Offset At, byte[] Bytes)> snapshots,
        Offset upTo
    )
    {
        while (snapshots.TryPeek(out (Offset At, byte[] Bytes) next) && next.At <= upTo)
        {
            snapshots.Dequeue();
            Checks++;
            if (state.Difference(next.Bytes) is { } difference)
            {
                Fail(machine, partition, $"has a snapshot of producers at {next.At} in which {difference}");
                return;
            }
        }
    }

    private void CompareAborted(SimMachine machine, TopicPartition partition, DerivedState state, SimDirectory directory)
    {
        if (!state.KnowsAll)
        {
            return;
        }

        Dictionary<Offset, byte[]> indexes = FilesOf(directory, IndexSuffix)
            .ToDictionary(static each => each.At, static each => each.Bytes);
        List<Offset> segments = [.. FilesOf(directory, LogSuffix).Select(static each => each.At)];
        for (int i = 0; i < segments.Count; i++)
        {
            Offset end = i + 1 < segments.Count ? segments[i + 1] : new Offset(long.MaxValue);
            List<AbortedSpan> expected = [.. state.Aborted.Where(each => each.Last >= segments[i] && each.Last < end)];
            List<AbortedSpan> found = AbortedSpan.Read(indexes.GetValueOrDefault(segments[i], []));
            Checks += expected.Count + found.Count > 0 ? 1 : 0;
            if (!expected.SequenceEqual(found))
            {
                Fail(
                    machine,
                    partition,
                    $"has in the segment at {segments[i]} the aborted transactions {string.Join(", ", expected)}, and its index says "
                        + $"{string.Join(", ", found)}"
                );
            }
        }
    }

    private static List<(Offset At, byte[] Bytes)> FilesOf(SimDirectory directory, string suffix)
    {
        List<(Offset At, byte[] Bytes)> files = [];
        foreach ((string name, object entry) in directory.Current)
        {
            if (
                name.Length == OffsetDigits + suffix.Length
                && name.EndsWith(suffix, StringComparison.Ordinal)
                && entry is SimInode file
                && long.TryParse(name.AsSpan(0, OffsetDigits), NumberStyles.None, CultureInfo.InvariantCulture, out long at)
            )
            {
                files.Add((new Offset(at), suffix == LogSuffix ? [] : file.Current.Span.ToArray()));
            }
        }

        return files;
    }

    private void Fail(SimMachine machine, TopicPartition partition, string what) =>
        cluster.Scheduler.Fail($"derived-agrees: {partition}: {machine.Name} {what}");
}

/// <summary>A transaction that was aborted, as its index has it.</summary>
/// <param name="Producer">Whose it was.</param>
/// <param name="First">Its first offset.</param>
/// <param name="Last">The offset of its marker.</param>
internal readonly record struct AbortedSpan(ProducerId Producer, Offset First, Offset Last)
{
    private const int Size = 34;

    public override string ToString() => $"{First}..{Last} of producer {Producer}";

    /// <summary>
    /// The entries of an index: each a version, the producer, the first offset, that of the marker, and the last stable offset then.
    /// </summary>
    internal static List<AbortedSpan> Read(ReadOnlySpan<byte> bytes)
    {
        List<AbortedSpan> entries = [];
        for (int at = 0; at + Size <= bytes.Length; at += Size)
        {
            ReadOnlySpan<byte> entry = bytes[(at + sizeof(short))..];
            entries.Add(
                new AbortedSpan(
                    new ProducerId(BinaryPrimitives.ReadInt64BigEndian(entry)),
                    new Offset(BinaryPrimitives.ReadInt64BigEndian(entry[8..])),
                    new Offset(BinaryPrimitives.ReadInt64BigEndian(entry[16..]))
                )
            );
        }

        return entries;
    }
}
