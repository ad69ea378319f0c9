using RaftLog.Protocol;
using RaftLog.Protocol.Records;

namespace RaftLog.Storage;

/// <summary>What a log needs to know of a batch to keep it: a copy of header fields, which outlives the bytes they came from.</summary>
internal readonly struct BatchHeader
{
    /// <summary>The bytes of the smallest batch of any format.</summary>
    public const int SmallestBatch = LegacyMessage.SmallestSize;

    private readonly BatchAttributes _attributes;

    /// <summary>Copies the fields.</summary>
    public BatchHeader(RecordBatch batch, int totalBytes)
    {
        BaseOffset = batch.BaseOffset;
        TotalBytes = totalBytes;
        LastOffsetDelta = batch.LastOffsetDelta;
        Epoch = batch.PartitionLeaderEpoch;
        MaxTimestamp = batch.MaxTimestamp;
        Producer = batch.Producer;
        LastSequence = batch.LastSequence;
        _attributes = batch.Attributes;
    }

    private BatchHeader(LegacyMessage message, int totalBytes)
    {
        BaseOffset = message.Offset;
        TotalBytes = totalBytes;
        Epoch = LeaderEpoch.None;
        MaxTimestamp = message.Timestamp;
        Producer = ProducerStamp.None;
        LastSequence = ProducerStamp.NoSequence;
        IsLegacy = true;
    }

    /// <summary>
    /// An entry of format 0 or 1. Of a compressed one only the last offset is known without its records, so it stands for the first too.
    /// </summary>
    public bool IsLegacy { get; }

    /// <summary>The first offset.</summary>
    public Offset BaseOffset { get; }

    /// <summary>All bytes of the batch, by its own word.</summary>
    public int TotalBytes { get; }

    /// <summary>The last offset's distance from the first.</summary>
    public int LastOffsetDelta { get; }

    /// <summary>The last offset.</summary>
    public Offset LastOffset => BaseOffset + LastOffsetDelta;

    /// <summary>The offset after the last.</summary>
    public Offset NextOffset => BaseOffset + (LastOffsetDelta + 1L);

    /// <summary>The epoch of the leader that appended it.</summary>
    public LeaderEpoch Epoch { get; }

    /// <summary>The largest timestamp in milliseconds.</summary>
    public long MaxTimestamp { get; }

    /// <summary>Who produced it.</summary>
    public ProducerStamp Producer { get; }

    /// <summary>The last record's sequence, or -1.</summary>
    public int LastSequence { get; }

    /// <summary>Part of a transaction.</summary>
    public bool IsTransactional => _attributes.IsTransactional;

    /// <summary>Holds control records.</summary>
    public bool IsControl => _attributes.IsControl;

    /// <summary>True when bytes are one whole batch of any format whose checksum is right.</summary>
    public static bool IsIntact(ReadOnlySpan<byte> bytes) =>
        LegacyMessage.Read(bytes, out LegacyMessage message) == BatchStatus.Complete
            ? message.HasValidChecksum
            : RecordBatch.Read(bytes, out RecordBatch batch) == BatchStatus.Complete && batch.HasValidChecksum;

    /// <summary>Reads the header at the start of the source; false when no batch that a log could hold starts so.</summary>
    public static bool TryRead(ReadOnlySpan<byte> source, out BatchHeader header)
    {
        header = default;
        if (RecordBatch.TryReadHeader(source, out RecordBatch batch, out int size))
        {
            header = new BatchHeader(batch, size);
        }
        else if (LegacyMessage.TryReadHeader(source, out LegacyMessage message, out size))
        {
            header = new BatchHeader(message, size);
        }
        else
        {
            return false;
        }

        return header.BaseOffset.Value >= 0 && header.LastOffsetDelta >= 0;
    }
}
