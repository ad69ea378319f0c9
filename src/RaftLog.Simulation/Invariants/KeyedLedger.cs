using RaftLog.Protocol;

namespace RaftLog.Simulation;

/// <summary>
/// The ledger of a compacted log, record by record. Compaction may take what a later record of the same key has overwritten, and a
/// tombstone that is old enough together with all before it; the last record of each key stays, at its offset, and the log's end never goes
/// back.
/// </summary>
/// <param name="partition">The partition.</param>
/// <param name="deleteRetention">How long a tombstone stays; null where wall clocks jump, so that nobody can say.</param>
/// <param name="nowUs">The time.</param>
/// <param name="fail">Takes the name of a broken promise and what happened.</param>
internal sealed class KeyedLedger(TopicPartition partition, TimeSpan? deleteRetention, Func<long> nowUs, Action<string, string> fail)
    : IPartitionLedger
{
    private readonly SortedDictionary<string, List<Committed>> _byKey = new(StringComparer.Ordinal);
    private readonly Dictionary<(LeaderEpoch, long), (ImageRecord Record, long AtUs)> _known = [];
    private readonly Dictionary<long, LeaderEpoch> _epochs = [];
    private readonly Dictionary<ProducerId, List<Committed>> _undecided = [];

    /// <summary>
    /// The tombstones that a node's image has had. One that was away for longer than they stay never gets them, and may keep what they
    /// delete, as in Kafka.
    /// </summary>
    private readonly HashSet<(int Node, LeaderEpoch Epoch, long Offset)> _tombstones = [];

    /// <summary>
    /// The last tombstone of each key that has come to any image. Compaction may have taken it, and all before it, before anybody was told
    /// that it is committed.
    /// </summary>
    private readonly Dictionary<string, (long Offset, long AtUs)> _lastTombstone = new(StringComparer.Ordinal);

    /// <inheritdoc />
    public Offset End { get; private set; }

    /// <inheritdoc />
    public int Count { get; private set; }

    /// <summary>How many committed batches compaction has removed or written anew in an image.</summary>
    internal long Rewritten { get; private set; }

    /// <inheritdoc />
    public void Came(int node, ReplicaImage image)
    {
        foreach ((LeaderEpoch epoch, ImageRecord record) in image.NewRecords)
        {
            if (!_known.TryAdd((epoch, record.Offset), (record, nowUs())) && _known[(epoch, record.Offset)].Record != record)
            {
                fail(
                    "epoch-and-offset",
                    $"{partition}: n{node} has another record at {record.Offset} of epoch {epoch} than was there before"
                );
            }

            if (record.Value is null)
            {
                _tombstones.Add((node, epoch, record.Offset));
                if (record.Offset > _lastTombstone.GetValueOrDefault(record.Key, (-1, 0)).Offset)
                {
                    _lastTombstone[record.Key] = (record.Offset, nowUs());
                }
            }
        }
    }

    /// <inheritdoc />
    public void Gone(int node, in ImageBatch batch, ReplicaImage image)
    {
        Rewritten += batch.Last < End ? 1 : 0;
        if (batch.Last < End && image.End <= batch.Last && _epochs.GetValueOrDefault(batch.Last.Value, LeaderEpoch.None) == batch.Epoch)
        {
            fail(
                "no-truncation-below-commit",
                $"{partition}: n{node} has cut away {batch}, which is committed; its image now ends at {image.End}"
            );
        }
    }

    /// <inheritdoc />
    public void Advance(Offset end, int node, ReplicaImage image, string how)
    {
        if (image.End < end)
        {
            fail("durable-before-told", $"{partition}: n{node} {how} {end}, and its own disk image ends at {image.End}");
            return;
        }

        foreach ((ImageBatch batch, ImageRecord[] records) in image.BatchesFrom(End).TakeWhile(each => each.Batch.Base < end))
        {
            Advance(batch, [.. records.Where(each => each.Offset >= End.Value)]);
        }

        End = end;
    }

    /// <summary>A committed batch: records of a transaction count once it is committed, and never where it is aborted.</summary>
    private void Advance(in ImageBatch batch, ImageRecord[] records)
    {
        LeaderEpoch epoch = batch.Epoch;
        IEnumerable<Committed> committed = records.Select(each => new Committed(each, epoch, _known[(epoch, each.Offset)].AtUs));
        foreach (ImageRecord record in records)
        {
            _epochs[record.Offset] = epoch;
        }

        if (batch.Marker is not null)
        {
            bool isKnown = _undecided.Remove(batch.Producer, out List<Committed>? ended);
            committed = isKnown && batch.IsCommit ? ended! : [];
        }
        else if (batch.Attributes.IsTransactional)
        {
            _undecided[batch.Producer] = [.. _undecided.GetValueOrDefault(batch.Producer, []), .. committed];
            return;
        }

        foreach (Committed each in committed.ToList())
        {
            Add(each);
        }
    }

    /// <summary>Adds a record to those of its key, which are in the order of their offsets.</summary>
    private void Add(Committed record)
    {
        if (!_byKey.TryGetValue(record.Record.Key, out List<Committed>? ofKey))
        {
            _byKey.Add(record.Record.Key, ofKey = []);
        }

        ofKey.Insert(ofKey.FindLastIndex(each => each.Record.Offset < record.Record.Offset) + 1, record);
        Count++;
    }

    /// <inheritdoc />
    public string? FirstMissing(int node, ReplicaImage image, int from)
    {
        foreach (List<Committed> ofKey in _byKey.Values)
        {
            Committed last = ofKey[^1];
            if (
                (image.TryFindRecord(last.Record.Offset, out ImageRecord there) && there == last.Record)
                || IsOverwritten(image, last.Record)
            )
            {
                continue;
            }

            (long tombstone, long since) = last.Record.Value is null
                ? (last.Record.Offset, last.AtUs)
                : _lastTombstone.GetValueOrDefault(last.Record.Key, (-1, 0));
            bool mayBeGone = tombstone >= last.Record.Offset && (deleteRetention is not { } stays || Stayed(since) >= stays);
            if (!mayBeGone)
            {
                return $"the {(last.Record.Value is null ? "tombstone" : "record")} at {last.Record.Offset}, the last of its key, which "
                    + $"is committed ({image})";
            }

            foreach (Committed before in _tombstones.Contains((node, last.Epoch, last.Record.Offset)) ? ofKey : [])
            {
                if (before.Record != last.Record && image.TryFindRecord(before.Record.Offset, out there) && there == before.Record)
                {
                    return $"the tombstone at {last.Record.Offset}, and has the record at {before.Record.Offset} that it deletes ({image})";
                }
            }
        }

        return null;
    }

    /// <inheritdoc />
    public bool Has(ReplicaImage image, Offset offset) => image.End > offset;

    /// <summary>How long a tombstone may have stayed by the clock that set its time and the one that looks at it.</summary>
    private TimeSpan Stayed(long sinceUs)
    {
        TimeSpan now = TimeSpan.FromMicroseconds(nowUs());
        return now - TimeSpan.FromMicroseconds(sinceUs) + SimTimeProvider.MostApart(now);
    }

    private bool IsOverwritten(ReplicaImage image, ImageRecord last)
    {
        foreach ((_, ImageRecord record) in image.RecordsFrom(new Offset(last.Offset + 1)))
        {
            if (record.Key == last.Key)
            {
                return true;
            }
        }

        return false;
    }

    /// <param name="Record">The record.</param>
    /// <param name="Epoch">The epoch of its leader.</param>
    /// <param name="AtUs">
    /// When it came to a disk, which is before the leader may have committed it: that it has may be told much later, where it is the only
    /// replica and starts again and again.
    /// </param>
    private readonly record struct Committed(ImageRecord Record, LeaderEpoch Epoch, long AtUs);
}
