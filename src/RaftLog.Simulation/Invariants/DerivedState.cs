using System.Buffers.Binary;
using RaftLog.Protocol;
using RaftLog.Protocol.Records;

namespace RaftLog.Simulation;

/// <summary>The producers and aborted transactions of a log, made from its batches alone (KIP-98).</summary>
/// <param name="knowsAll">False where the log has lost its beginning: then what is known of a producer begins with its first batch.</param>
internal sealed class DerivedState(bool knowsAll)
{
    private const int CountAt = 6;
    private const int HeaderSize = 10;
    private const int EntrySize = 46;

    private readonly SortedDictionary<long, Producer> _producers = [];
    private readonly List<AbortedSpan> _aborted = [];

    /// <summary>True when the log begins at 0.</summary>
    internal bool KnowsAll => knowsAll;

    /// <summary>The aborted transactions, in the order of their markers.</summary>
    internal IReadOnlyList<AbortedSpan> Aborted => _aborted;

    /// <summary>The next batch of the log.</summary>
    internal void Apply(in ImageBatch batch)
    {
        if (batch.Producer.Value < 0 || (batch.Attributes.IsControl && !batch.IsAbort && !batch.IsCommit))
        {
            return;
        }

        Producer state = _producers.GetValueOrDefault(batch.Producer.Value, Producer.New);
        state =
            state.Epoch == batch.ProducerEpoch
                ? state
                : state with
                {
                    Epoch = batch.ProducerEpoch,
                    LastSequence = ProducerStamp.NoSequence,
                    LastOffset = Offset.None,
                };
        if (batch.Attributes.IsControl)
        {
            if (batch.IsAbort && state.TransactionStart != Offset.None)
            {
                _aborted.Add(new AbortedSpan(batch.Producer, state.TransactionStart, batch.Last));
            }

            state = state with { TransactionStart = Offset.None };
        }
        else
        {
            bool opens = batch.Attributes.IsTransactional && state.TransactionStart == Offset.None;
            state = state with { TransactionStart = opens ? batch.Base : state.TransactionStart };
            if (batch.FirstSequence >= 0)
            {
                state = state with { LastSequence = batch.FirstSequence + batch.Records - 1, LastOffset = batch.Last };
            }
        }

        _producers[batch.Producer.Value] = state;
    }

    /// <summary>
    /// Where a snapshot of producers says something else; null where it does not, or where it is torn, as its checksum tells its reader.
    /// </summary>
    internal string? Difference(ReadOnlySpan<byte> snapshot)
    {
        if (
            snapshot.Length < HeaderSize
            || BinaryPrimitives.ReadUInt32BigEndian(snapshot[sizeof(short)..]) != Crc32C.Compute(snapshot[CountAt..])
        )
        {
            return null;
        }

        SortedDictionary<long, Producer> told = [];
        for (int at = HeaderSize; at + EntrySize <= snapshot.Length; at += EntrySize)
        {
            ReadOnlySpan<byte> entry = snapshot.Slice(at, EntrySize);
            told[BinaryPrimitives.ReadInt64BigEndian(entry)] = new Producer(
                new ProducerEpoch(BinaryPrimitives.ReadInt16BigEndian(entry[8..])),
                BinaryPrimitives.ReadInt32BigEndian(entry[10..]),
                new Offset(BinaryPrimitives.ReadInt64BigEndian(entry[14..])),
                new Offset(BinaryPrimitives.ReadInt64BigEndian(entry[38..]))
            );
        }

        foreach ((long id, Producer expected) in _producers)
        {
            if (!told.Remove(id, out Producer found) || found != expected)
            {
                return $"producer {id} is {(found == default ? "missing" : found.ToString())}, and the log says {expected}";
            }
        }

        return knowsAll && told.Count > 0 ? $"there is producer {told.First().Key}, of which the log has nothing" : null;
    }

    private readonly record struct Producer(ProducerEpoch Epoch, int LastSequence, Offset LastOffset, Offset TransactionStart)
    {
        internal static Producer New => new(ProducerEpoch.None, ProducerStamp.NoSequence, Offset.None, Offset.None);

        public override string ToString() =>
            $"in epoch {Epoch} at sequence {LastSequence} of offset {LastOffset}, with a transaction open since {TransactionStart}";
    }
}
