using RaftLog.Protocol.Wire;

namespace RaftLog.Coordination.Groups.Records;

/// <summary>Reads the parts of a record of <c>__consumer_offsets</c>.</summary>
internal static class GroupRecordReader
{
    private const short KeyVersion = 0;

    /// <summary>What the record is about; may be a type that this coordinator does not know.</summary>
    public static GroupRecordType TypeOf(in CoordinatorRecord record) => (GroupRecordType)new WireReader(record.Key).ReadInt16();

    /// <summary>The key of a record whose type is known.</summary>
    /// <exception cref="ProtocolException">The bytes are not this key.</exception>
    public static TKey Key<TKey>(in CoordinatorRecord record)
        where TKey : IMessage, new()
    {
        WireReader reader = new(record.Key);
        reader.ReadInt16();
        TKey key = new();
        key.Read(ref reader, KeyVersion);
        return key;
    }

    /// <summary>The value of a record whose type is known; null for a tombstone.</summary>
    /// <exception cref="ProtocolException">The bytes are not this value, or of a version that is not known.</exception>
    public static TValue? Value<TValue>(in CoordinatorRecord record)
        where TValue : class, IMessage, new()
    {
        if (record.Value is not { } bytes)
        {
            return null;
        }

        WireReader reader = new(bytes);
        short version = reader.ReadInt16();
        TValue value = new();
        value.Read(ref reader, version);
        return value;
    }
}
