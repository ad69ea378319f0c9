using RaftLog.Protocol;
using RaftLog.Protocol.Metadata;
using RaftLog.Protocol.Wire;

namespace RaftLog.Metadata;

/// <summary>
/// The value of a record of the metadata log (KIP-631): frame version, record type and record version as unsigned varints, then the fields
/// in the flexible encoding. The key of such a record is null.
/// </summary>
public static class MetadataRecordCodec
{
    private const uint FrameVersion = 1;

    /// <summary>Appends the value of a record, in the version that the cluster's level asks for.</summary>
    /// <exception cref="ProtocolException">The record's fields cannot stand in that version.</exception>
    public static void Write(WireWriter writer, IMetadataRecord record, MetadataVersion level) =>
        Write(writer, record, level.VersionOf(record));

    /// <summary>Appends the value of a record in a given version.</summary>
    /// <exception cref="ProtocolException">The record's fields cannot stand in that version.</exception>
    public static void Write(WireWriter writer, IMetadataRecord record, short version)
    {
        writer.WriteUVarint(FrameVersion);
        writer.WriteUVarint((uint)record.RecordId);
        writer.WriteUVarint((uint)version);
        record.Write(writer, version);
    }

    /// <summary>The value of a record as bytes of its own.</summary>
    /// <exception cref="ProtocolException">The record's fields cannot stand in the version that the level asks for.</exception>
    public static byte[] ToBytes(IMetadataRecord record, MetadataVersion level)
    {
        WireWriter writer = new();
        Write(writer, record, level);
        return writer.ToArray();
    }

    /// <summary>Reads the value of a record. Its <c>bytes</c> fields are slices of <paramref name="value"/>.</summary>
    /// <exception cref="ProtocolException">
    /// The bytes are no such frame, or a type or version that this program does not know: the cluster runs at a newer metadata version.
    /// </exception>
    public static IMetadataRecord Read(ReadOnlyMemory<byte> value) => Read(value, out _);

    /// <summary>Reads the value of a record and says in which version it was written.</summary>
    /// <exception cref="ProtocolException">As for <see cref="Read(ReadOnlyMemory{byte})"/>.</exception>
    public static IMetadataRecord Read(ReadOnlyMemory<byte> value, out short version)
    {
        WireReader reader = new(value);
        uint frame = reader.ReadUVarint();
        if (frame != FrameVersion)
        {
            throw new ProtocolException($"a metadata record has frame version {frame}, and only {FrameVersion} is known");
        }

        uint type = reader.ReadUVarint();
        uint recordVersion = reader.ReadUVarint();
        if (type > short.MaxValue || !MetadataRecordCatalog.TryFind((short)type, out MetadataRecordDescription? description))
        {
            throw new ProtocolException(
                $"a metadata record has type {type}, which is not known: this node is older than the cluster's metadata.version"
            );
        }

        if (recordVersion > (uint)description.HighestVersion || recordVersion < (uint)description.LowestVersion)
        {
            throw new ProtocolException(
                $"a {description.Name} has version {recordVersion}, and {description.LowestVersion} to {description.HighestVersion} are "
                    + $"known: "
                    + "this node is older than the cluster's metadata.version"
            );
        }

        IMetadataRecord record = description.NewRecord();
        version = (short)recordVersion;
        record.Read(ref reader, version);
        return reader.Remaining == 0
            ? record
            : throw new ProtocolException($"{reader.Remaining} bytes follow the end of a {description.Name} of version {version}");
    }

    /// <summary>A copy that shares no memory with the original, nor with the frame that it was read from.</summary>
    internal static IMetadataRecord Copy(IMetadataRecord record)
    {
        bool known = MetadataRecordCatalog.TryFind(record.RecordId, out MetadataRecordDescription? description);
        Invariant.Holds(known && description is not null, "M-08", $"record type {record.RecordId} is not in the catalog");
        WireWriter writer = new();
        Write(writer, record, description.HighestVersion);
        return Read(writer.ToArray());
    }
}
