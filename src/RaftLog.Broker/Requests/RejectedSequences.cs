using RaftLog.Protocol;
using RaftLog.Protocol.Records;

namespace RaftLog.Broker.Requests;

/// <summary>
/// What a connection was told to send again. An idempotent producer has several batches of a partition under way; when the first of them is
/// rejected for a reason that passes and the reason has passed before the second comes, that one leaves a gap. Told of a gap, librdkafka
/// takes a new epoch for all its partitions and sends again what others are still writing, twice. So a gap behind a rejected sequence is
/// answered with that rejection's error, until the sequence has come. Safe for concurrent use.
/// </summary>
public sealed class RejectedSequences
{
    /// <summary>Producers and partitions that are remembered; a further one takes the place of another.</summary>
    public const int MaxEntries = 1_000;

    /// <summary>
    /// A producer has given a batch up by then (<c>delivery.timeout.ms</c> is two minutes by default), and what looks like a gap is one.
    /// </summary>
    public const long MaxAgeMs = 10 * 60_000;

    private readonly Lock _gate = new();
    private readonly Dictionary<SequenceKey, Rejection> _rejections = [];
    private volatile bool _isUsed;

    /// <summary>
    /// The rejection that a batch stands behind: of an earlier sequence of the same producer and epoch; null when there is none.
    /// </summary>
    public Rejection? Before(string topic, Uuid topicId, int partition, ProducerStamp stamp, long nowMs)
    {
        if (!_isUsed)
        {
            return null;
        }

        lock (_gate)
        {
            return
                _rejections.TryGetValue(new SequenceKey(topic, topicId, partition, stamp.Id), out Rejection rejection)
                && rejection.Epoch == stamp.Epoch
                && IsEarlier(rejection.Sequence, stamp.BaseSequence)
                && nowMs - rejection.AtMs < MaxAgeMs
                ? rejection
                : null;
        }
    }

    /// <summary>
    /// Notes that a batch was rejected for a reason that passes. The first of several stays: the producer begins again with it.
    /// </summary>
    public void Note(string topic, Uuid topicId, int partition, ProducerStamp stamp, ErrorCode error, long nowMs)
    {
        SequenceKey key = new(topic, topicId, partition, stamp.Id);
        lock (_gate)
        {
            bool isKnown = _rejections.TryGetValue(key, out Rejection before);
            if (isKnown && before.Epoch == stamp.Epoch && nowMs - before.AtMs < MaxAgeMs && !IsEarlier(stamp.BaseSequence, before.Sequence))
            {
                return;
            }

            if (!isKnown && _rejections.Count >= MaxEntries)
            {
                foreach (SequenceKey other in _rejections.Keys)
                {
                    _rejections.Remove(other);
                    break;
                }
            }

            _isUsed = true;
            _rejections[key] = new Rejection(stamp.Epoch, stamp.BaseSequence, error, nowMs);
        }
    }

    /// <summary>A batch was accepted: the rejected sequence has come, here or elsewhere, unless the batch is an earlier one.</summary>
    public void Accepted(string topic, Uuid topicId, int partition, ProducerStamp stamp)
    {
        if (!_isUsed)
        {
            return;
        }

        SequenceKey key = new(topic, topicId, partition, stamp.Id);
        lock (_gate)
        {
            if (
                _rejections.TryGetValue(key, out Rejection rejection)
                && !(rejection.Epoch == stamp.Epoch && IsEarlier(stamp.BaseSequence, rejection.Sequence))
            )
            {
                _rejections.Remove(key);
            }
        }
    }

    // Sequences wrap: what is less than half of the numbers before is earlier.
    private static bool IsEarlier(int sequence, int than) => sequence != than && ((than - sequence) & int.MaxValue) < int.MaxValue / 2;

    /// <summary>A batch that the producer was told to send again.</summary>
    /// <param name="Epoch">The producer's epoch.</param>
    /// <param name="Sequence">The batch's first sequence.</param>
    /// <param name="Error">Why.</param>
    /// <param name="AtMs">When, in the node's monotonic milliseconds.</param>
    public readonly record struct Rejection(ProducerEpoch Epoch, int Sequence, ErrorCode Error, long AtMs);

    private readonly record struct SequenceKey(string Topic, Uuid TopicId, int Partition, ProducerId Producer);
}
