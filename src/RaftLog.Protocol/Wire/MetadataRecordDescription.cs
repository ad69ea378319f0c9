namespace RaftLog.Protocol.Wire;

/// <summary>One type of metadata record.</summary>
/// <param name="RecordId">The number of the type.</param>
/// <param name="Name">The name with its suffix: <c>PartitionRecord</c>.</param>
/// <param name="LowestVersion">The lowest version that can be read and written.</param>
/// <param name="HighestVersion">The highest version that can be read and written.</param>
/// <param name="NewRecord">Makes an empty record.</param>
public sealed record MetadataRecordDescription(
    short RecordId,
    string Name,
    short LowestVersion,
    short HighestVersion,
    Func<IMetadataRecord> NewRecord
);
