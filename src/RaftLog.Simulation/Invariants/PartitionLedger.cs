using RaftLog.Protocol;
using RaftLog.Protocol.Records;

namespace RaftLog.Simulation;

/// <summary>
/// What is committed in one partition, as clients and followers were told of it. It only grows: whoever is in sync must have all of it in its disk
/// image, and nobody may ever cut any of it away.
/// </summary>
internal sealed class PartitionLedger(TopicPartition partition, Action<string, string> fail)
{
    private readonly List<ImageBatch> _committed = [];
    private readonly Dictionary<(LeaderEpoch, Offset), ImageBatch> _known = [];
    private readonly Dictionary<(ProducerId, ProducerEpoch), int> _nextSequence = [];
    private readonly Dictionary<ProducerId, Offset> _openTransactions = [];
    private readonly List<(Offset First, Offset End)> _endedTransactions = [];

    /// <summary>The end of what is committed.</summary>
    internal Offset End { get; private set; }

    /// <summary>The committed batches.</summary>
    internal int Count => _committed.Count;

    /// <summary>An image has got a batch: an epoch and an offset have one content, ever.</summary>
    internal void Come(int node, in ImageBatch batch)
    {
        if (!_known.TryAdd((batch.Epoch, batch.Base), batch) && _known[(batch.Epoch, batch.Base)] != batch)
        {
            fail("epoch-and-offset", $"{partition}: n{node} has {batch}, where {_known[(batch.Epoch, batch.Base)]} stood before");
        }
    }

    /// <summary>An image has lost a batch.</summary>
    internal void Gone(int node, in ImageBatch batch, ReplicaImage image)
    {
        if (batch.Base < End && batch.Base >= image.Start && TryFind(batch.Base, out ImageBatch committed) && committed == batch
            && !(image.TryFind(batch.Base, out ImageBatch now) && now == batch))
        {
            fail("no-cut-below-commit", $"{partition}: n{node} has cut away {batch}, which is committed; its image now ends at {image.End}");
        }
    }

    /// <summary>A node has told of a committed end.</summary>
    /// <param name="end">The end.</param>
    /// <param name="node">Who told.</param>
    /// <param name="image">Its disk image.</param>
    /// <param name="how">As what it was told.</param>
    internal void Advance(Offset end, int node, ReplicaImage image, string how)
    {
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

    /// <summary>A node has told how far transactions are decided: none of those below it may end behind the high watermark that it tells with it, or not at all.</summary>
    /// <param name="node">Who told.</param>
    /// <param name="stable">The last stable offset.</param>
    /// <param name="highWatermark">The high watermark.</param>
    internal void CheckStable(int node, Offset stable, Offset highWatermark)
    {
        if (stable > highWatermark)
        {
            fail("stable-offset", $"{partition}: n{node} tells of the last stable offset {stable} behind the high watermark {highWatermark}");
        }

        foreach ((ProducerId producer, Offset first) in _openTransactions)
        {
            if (first < stable)
            {
                fail("stable-offset", $"{partition}: n{node} tells of the last stable offset {stable}, and producer {producer} has a transaction open since {first}");
            }
        }

        for (int i = _endedTransactions.Count - 1; i >= 0 && _endedTransactions[i].End > highWatermark; i--)
        {
            if (_endedTransactions[i].First < stable)
            {
                fail(
                    "stable-offset",
                    $"{partition}: n{node} tells of the last stable offset {stable} and the high watermark {highWatermark}, and the transaction that began at "
                    + $"{_endedTransactions[i].First} ended at {_endedTransactions[i].End}");
            }
        }
    }

    /// <summary>The first committed batch that an image lacks, from one on; null when it has them all.</summary>
    internal ImageBatch? FirstMissing(ReplicaImage image, int from)
    {
        for (int i = from; i < _committed.Count; i++)
        {
            if (_committed[i].Base >= image.Start && !(image.TryFind(_committed[i].Base, out ImageBatch has) && has == _committed[i]))
            {
                return _committed[i];
            }
        }

        return null;
    }

    /// <summary>True when an image has the committed batch that holds an offset.</summary>
    internal bool Has(ReplicaImage image, Offset offset) =>
        TryFind(offset, out ImageBatch committed) && image.TryFind(offset, out ImageBatch there) && there == committed;

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

        int expected = _nextSequence.GetValueOrDefault((batch.Producer, batch.ProducerEpoch));
        if (batch.FirstSequence != expected)
        {
            fail("sequence", $"{partition}: {batch} of producer {batch.Producer} begins with sequence {batch.FirstSequence}, and {expected} is next");
        }

        _nextSequence[(batch.Producer, batch.ProducerEpoch)] = batch.FirstSequence + batch.Records;
    }
}
