namespace RaftLog.Protocol.Records;

/// <summary>Where the fields of a batch header stand (KIP-98). All numbers are big-endian.</summary>
internal static class BatchFormat
{
    public const int BaseOffset = 0;
    public const int BatchLength = 8;
    public const int PartitionLeaderEpoch = 12;
    public const int Magic = 16;
    public const int Crc = 17;
    public const int Attributes = 21;
    public const int LastOffsetDelta = 23;
    public const int BaseTimestamp = 27;
    public const int MaxTimestamp = 35;
    public const int ProducerId = 43;
    public const int ProducerEpoch = 51;
    public const int BaseSequence = 53;
    public const int RecordCount = 57;
    public const int Records = 61;

    /// <summary>Bytes before those that the batch length counts.</summary>
    public const int LengthEnd = 12;

    /// <summary>The first byte under the checksum.</summary>
    public const int CrcStart = Attributes;

    public const byte CurrentMagic = 2;

    /// <summary>The smallest entry of format 0: crc, magic, attributes and two lengths behind offset and size.</summary>
    public const int SmallestOldEntry = 26;
}
