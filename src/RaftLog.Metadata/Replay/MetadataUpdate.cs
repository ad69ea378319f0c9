namespace RaftLog.Metadata;

/// <summary>The next image and what is different in it.</summary>
/// <param name="Image">What is believed now.</param>
/// <param name="Changes">How that differs from what was believed before.</param>
public sealed record MetadataUpdate(MetadataImage Image, MetadataChanges Changes);
