using RaftLog.Protocol;
using RaftLog.Protocol.Records;

namespace RaftLog.Storage;

/// <summary>
/// A producer's batch after everything was checked that needs no log: form, checksum, records, keys, timestamps. Checking may take long,
/// decompression above all, so it needs no lock; what a log must decide (sequence, offset, epoch, append time) is decided when the batch is
/// appended.
/// </summary>
public readonly struct CheckedBatch
{
    internal CheckedBatch(Memory<byte> records, long maxTimestamp, AppendSettings settings)
    {
        Records = records;
        MaxTimestamp = maxTimestamp;
        Settings = settings;
        RecordBatch.Read(records.Span, out RecordBatch batch);
        Producer = batch.Producer;
        LastSequence = ProducerStamp.Advance(batch.BaseSequence, batch.LastOffsetDelta);
        IsTransactional = batch.Attributes.IsTransactional && batch.ProducerId.IsPresent;
    }

    private CheckedBatch(AppendResult rejection, AppendSettings settings)
    {
        Rejection = rejection;
        Settings = settings;
    }

    /// <summary>What the batch was held against. With other settings it must be checked again.</summary>
    public AppendSettings Settings { get; }

    /// <summary>Why it cannot be appended; null when nothing stands against it.</summary>
    public AppendResult? Rejection { get; }

    /// <summary>Who wrote it; none where that is no idempotent producer, or the batch cannot be appended.</summary>
    public ProducerStamp Producer { get; } = ProducerStamp.None;

    /// <summary>The sequence of its last record.</summary>
    public int LastSequence { get; }

    /// <summary>True for a batch of a transaction.</summary>
    public bool IsTransactional { get; }

    /// <summary>The bytes to append: those that came, or new ones where the topic has a codec of its own.</summary>
    internal Memory<byte> Records { get; }

    /// <summary>The largest timestamp of the records, in milliseconds since 1970.</summary>
    internal long MaxTimestamp { get; }

    internal static CheckedBatch Reject(AppendResult rejection, AppendSettings settings) => new(rejection, settings);

    /// <summary>Sets what the leader sets: timestamp type and largest timestamp.</summary>
    internal void Stamp(long nowMs)
    {
        MutableRecordBatch.Read(Records.Span, out MutableRecordBatch batch);
        batch.SetMaxTimestamp(Settings.TimestampType, Settings.TimestampType == TimestampType.LogAppendTime ? nowMs : MaxTimestamp);
    }
}
