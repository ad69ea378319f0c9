namespace RaftLog.Protocol.Wire;

/// <summary>A record of the metadata log (KIP-631): what the cluster believes, one change at a time.</summary>
public interface IMetadataRecord : IMessage
{
    /// <summary>The number of the record's type, which stands in the frame before its version.</summary>
    short RecordId { get; }
}

/// <summary>A metadata record for code that is generic over record types.</summary>
/// <typeparam name="TSelf">The record type itself.</typeparam>
public interface IMetadataRecord<TSelf> : IMetadataRecord, IVersionedMessage
    where TSelf : IMetadataRecord<TSelf>, new()
{
    /// <summary>The number of the record's type.</summary>
    static abstract short TypeId { get; }
}
