using RaftLog.Protocol.Compression;

namespace RaftLog.Protocol.Records;

/// <summary>The attributes of a record batch: 16 bits of which seven have a meaning; the others are kept as they came.</summary>
/// <param name="Bits">The number as it stands on the wire.</param>
public readonly record struct BatchAttributes(short Bits)
{
    private const int CodecMask = 0x07;
    private const int LogAppendTimeBit = 0x08;
    private const int TransactionalBit = 0x10;
    private const int ControlBit = 0x20;
    private const int DeleteHorizonBit = 0x40;

    /// <summary>The codec of the records. It may be one that does not exist: three bits hold eight, five are known.</summary>
    public CompressionType Compression => (CompressionType)(Bits & CodecMask);

    /// <summary>Who set the timestamps.</summary>
    public TimestampType TimestampType => (Bits & LogAppendTimeBit) != 0 ? TimestampType.LogAppendTime : TimestampType.CreateTime;

    /// <summary>The batch is part of a transaction (KIP-98).</summary>
    public bool IsTransactional => (Bits & TransactionalBit) != 0;

    /// <summary>The batch holds control records, which no consumer gets to see.</summary>
    public bool IsControl => (Bits & ControlBit) != 0;

    /// <summary>The base timestamp is the time from which compaction may drop the batch's tombstones and markers (KIP-534).</summary>
    public bool HasDeleteHorizon => (Bits & DeleteHorizonBit) != 0;

    /// <summary>These attributes with another codec.</summary>
    public BatchAttributes With(CompressionType compression) => new((short)((Bits & ~CodecMask) | (int)compression));

    /// <summary>These attributes with another timestamp type.</summary>
    public BatchAttributes With(TimestampType type) => Set(LogAppendTimeBit, type == TimestampType.LogAppendTime);

    /// <summary>These attributes as part of a transaction.</summary>
    public BatchAttributes AsTransactional() => Set(TransactionalBit, true);

    /// <summary>These attributes for control records.</summary>
    public BatchAttributes AsControl() => Set(ControlBit, true);

    /// <summary>These attributes with or without a delete horizon in the place of the base timestamp.</summary>
    public BatchAttributes WithDeleteHorizon(bool on) => Set(DeleteHorizonBit, on);

    private BatchAttributes Set(int bit, bool on) => new((short)(on ? (ushort)Bits | bit : Bits & ~bit));
}
