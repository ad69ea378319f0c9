using RaftLog.Protocol;

namespace RaftLog.Client.Consume;

/// <summary>How far a consumer is in each of its partitions, and what of that may be committed.</summary>
/// <param name="gate">Held while positions are looked at or changed.</param>
/// <param name="table">The positions.</param>
/// <param name="commitsStored">True where only stored offsets are committed.</param>
internal sealed class ConsumedOffsets(Lock gate, PositionTable table, bool commitsStored)
{
    /// <summary>The offset that the reader gets next; none before the first record of a start that must be searched.</summary>
    public Offset PositionOf(TopicPartition partition)
    {
        lock (gate)
        {
            return table.All.TryGetValue(partition, out ReadPosition? position) ? position.Read : Offset.None;
        }
    }

    /// <summary>The offset up to which a partition is done, as somebody has said; none before.</summary>
    public Offset StoredOf(TopicPartition partition)
    {
        lock (gate)
        {
            return table.All.TryGetValue(partition, out ReadPosition? position) ? position.Stored : Offset.None;
        }
    }

    /// <summary>How many offsets lie between the position and the end; null while one of them is not known.</summary>
    public long? LagOf(TopicPartition partition)
    {
        lock (gate)
        {
            return
                table.All.TryGetValue(partition, out ReadPosition? position) && position.End != Offset.None && position.Read != Offset.None
                ? Math.Max(0, position.End.Value - position.Read.Value)
                : null;
        }
    }

    /// <summary>True where only stored offsets are committed; else what was handed out.</summary>
    public bool CommitsStored { get; set; } = commitsStored;

    /// <summary>A partition is done up to an offset; false when it is not assigned.</summary>
    public bool TryStore(TopicPartition partition, Offset offset)
    {
        lock (gate)
        {
            if (!table.All.TryGetValue(partition, out ReadPosition? position))
            {
                return false;
            }

            position.Stored = offset == Offset.None ? position.Stored : offset;
            return true;
        }
    }

    /// <summary>The leader epoch of the record before an offset, if it was fetched for the assignment; else none.</summary>
    public LeaderEpoch EpochBefore(TopicPartition partition, Offset offset)
    {
        lock (gate)
        {
            return table.All.TryGetValue(partition, out ReadPosition? position) ? position.Epochs.Before(offset) : LeaderEpoch.None;
        }
    }

    /// <summary>The places to commit of these partitions, where there is one.</summary>
    public SortedDictionary<TopicPartition, OffsetAndEpoch> Committable(IEnumerable<TopicPartition> of)
    {
        SortedDictionary<TopicPartition, OffsetAndEpoch> places = [];
        lock (gate)
        {
            foreach (TopicPartition partition in of)
            {
                if (
                    table.All.TryGetValue(partition, out ReadPosition? position)
                    && (CommitsStored ? position.Stored : position.Read) is var offset
                    && offset != Offset.None
                )
                {
                    places[partition] = new OffsetAndEpoch(offset, position.Epochs.Before(offset));
                }
            }
        }

        return places;
    }
}
