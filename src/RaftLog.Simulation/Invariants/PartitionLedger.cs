using RaftLog.Protocol;
using RaftLog.Protocol.Records;

namespace RaftLog.Simulation;

/// <summary>The ledger of a log that loses records at its beginning only, batch by batch.</summary>
internal sealed class PartitionLedger(TopicPartition partition, Action<string, string> fail) : IPartitionLedger
{
    private readonly List<ImageBatch> _committed = [];
    private readonly Dictionary<(LeaderEpoch, Offset), ImageBatch> _known = [];
    private readonly Dictionary<(ProducerId, ProducerEpoch), int> _nextSequence = [];
    private readonly Dictionary<ProducerId, Offset> _openTransactions = [];
    private readonly List<(Offset First, Offset End)> _endedTransactions = [];
    private bool _hasSkipped;
    private Offset _start = Offset.Zero;

    /// <inheritdoc />
    public Offset End { get; private set; }

    /// <inheritdoc />
    public int Count => _committed.Count;

    /// <inheritdoc />
    public void Came(int node, ReplicaImage image)
    {
        foreach (ImageBatch batch in image.Come)
        {
            if (!_known.TryAdd((batch.Epoch, batch.Base), batch) && _known[(batch.Epoch, batch.Base)] != batch)
            {
                fail("epoch-and-offset", $"{partition}: n{node} has {batch}, where {_known[(batch.Epoch, batch.Base)]} stood before");
            }
        }
    }

    /// <inheritdoc />
    public void Gone(int node, in ImageBatch batch, ReplicaImage image)
    {
        if (
            batch.Base < End
            && batch.Base >= image.Start
            && TryFind(batch.Base, out ImageBatch committed)
            && committed == batch
            && !(image.TryFind(batch.Base, out ImageBatch now) && now == batch)
        )
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
        if (End < image.Start && image.Start <= end)
        {
            // What lies below was committed and has left the log before anybody was told.
            End = image.Start;
            _nextSequence.Clear();
            _hasSkipped = true;
        }

        while (End < end)
        {
            if (!image.TryFind(End, out ImageBatch batch))
            {
                fail("durable-before-told", $"{partition}: n{node} {how} {end}, and its own disk image ends at {image.End}");
                return;
            }

            CheckSequence(batch);
            FollowTransaction(batch);
            _committed.Add(batch);
            End = batch.Last + 1;
        }
    }

    /// <summary>
    /// A node has told how far transactions are decided: none of those below it may end behind the high watermark that it tells with it, or
    /// not at all.
    /// </summary>
    /// <param name="node">Who told.</param>
    /// <param name="stable">The last stable offset.</param>
    /// <param name="highWatermark">The high watermark.</param>
    internal void CheckStable(int node, Offset stable, Offset highWatermark)
    {
        if (stable > highWatermark)
        {
            fail(
                "stable-offset",
                $"{partition}: n{node} tells of the last stable offset {stable} behind the high watermark {highWatermark}"
            );
        }

        foreach ((ProducerId producer, Offset first) in _openTransactions)
        {
            if (first < stable)
            {
                fail(
                    "stable-offset",
                    $"{partition}: n{node} tells of the last stable offset {stable}, and producer {producer} has a transaction open "
                        + $"since {first}"
                );
            }
        }

        for (int i = _endedTransactions.Count - 1; i >= 0 && _endedTransactions[i].End > highWatermark; i--)
        {
            if (_endedTransactions[i].First < stable)
            {
                fail(
                    "stable-offset",
                    $"{partition}: n{node} tells of the last stable offset {stable} and the high watermark {highWatermark}, and the "
                        + $"transaction that began at "
                        + $"{_endedTransactions[i].First} ended at {_endedTransactions[i].End}"
                );
            }
        }
    }

    /// <inheritdoc />
    public string? FirstMissing(int node, ReplicaImage image, int from)
    {
        for (int i = from; i < _committed.Count; i++)
        {
            if (
                _committed[i].Base >= image.Start
                && _committed[i].Last >= _start
                && !(image.TryFind(_committed[i].Base, out ImageBatch has) && has == _committed[i])
            )
            {
                return $"{_committed[i]}, which is committed ({image})";
            }
        }

        return null;
    }

    /// <summary>A node has told where the log begins: what lies below concerns nobody any more.</summary>
    internal void OnStartSent(Offset start) => _start = Offset.Max(_start, start);

    /// <summary>The first committed batch with a record at or after a time; null where there is none.</summary>
    internal ImageBatch? FirstAtOrAfter(long timestamp)
    {
        int at = _committed.FindIndex(each => each.MaxTimestamp >= timestamp);
        return at < 0 ? null : _committed[at];
    }

    /// <summary>The committed batch that holds an offset; null where nobody was told of one.</summary>
    internal ImageBatch? Find(Offset offset) => TryFind(offset, out ImageBatch found) ? found : null;

    /// <summary>
    /// The committed batch before an offset, with which the log would begin were it one batch longer; null where nobody was told of it.
    /// </summary>
    internal ImageBatch? Before(Offset offset) => Find(offset - 1);

    /// <inheritdoc />
    public bool Has(ReplicaImage image, Offset offset) =>
        // What its leader has deleted by age before it acknowledged it, nobody has been told of: then any batch there will do.
        offset < image.Start
        || (image.TryFind(offset, out ImageBatch there) && (!TryFind(offset, out ImageBatch committed) || there == committed));

    private bool TryFind(Offset offset, out ImageBatch found)
    {
        int low = 0;
        int high = _committed.Count - 1;
        while (low < high)
        {
            int middle = (low + high + 1) / 2;
            if (_committed[middle].Base <= offset)
            {
                low = middle;
            }
            else
            {
                high = middle - 1;
            }
        }

        found = _committed.Count > 0 ? _committed[low] : default;
        return _committed.Count > 0 && found.Base <= offset && found.Last >= offset;
    }

    private void FollowTransaction(in ImageBatch batch)
    {
        if (batch.Attributes.IsTransactional && batch.Attributes.IsControl)
        {
            if (_openTransactions.Remove(batch.Producer, out Offset first))
            {
                _endedTransactions.Add((first, batch.Last + 1));
            }
        }
        else if (batch.Attributes.IsTransactional)
        {
            _openTransactions.TryAdd(batch.Producer, batch.Base);
        }
    }

    private void CheckSequence(in ImageBatch batch)
    {
        if (batch.Producer.Value < 0 || batch.FirstSequence == ProducerStamp.NoSequence)
        {
            return;
        }

        bool isKnown = _nextSequence.TryGetValue((batch.Producer, batch.ProducerEpoch), out int expected);
        if (batch.FirstSequence != expected && (isKnown || !_hasSkipped))
        {
            fail(
                "sequence",
                $"{partition}: {batch} of producer {batch.Producer} begins with sequence {batch.FirstSequence}, and {expected} is next"
            );
        }

        _nextSequence[(batch.Producer, batch.ProducerEpoch)] = batch.FirstSequence + batch.Records;
    }
}
