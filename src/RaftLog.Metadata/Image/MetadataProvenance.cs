using RaftLog.Protocol;

namespace RaftLog.Metadata;

/// <summary>Up to where in the metadata log an image was built.</summary>
/// <param name="LastOffset">The offset of the last record that it contains, <see cref="Offset.None"/> for the empty image.</param>
/// <param name="LastEpoch">The quorum epoch of that record.</param>
public readonly record struct MetadataProvenance(Offset LastOffset, LeaderEpoch LastEpoch)
{
    /// <summary>Nothing was replayed.</summary>
    public static readonly MetadataProvenance Empty = new(Offset.None, LeaderEpoch.None);

    /// <summary>The end offset of a snapshot of the image: the first offset that is not in it.</summary>
    public Offset EndOffset => LastOffset + 1;
}
