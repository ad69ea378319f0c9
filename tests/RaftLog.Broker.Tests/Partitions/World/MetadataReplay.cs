using RaftLog.Metadata;
using RaftLog.Protocol;
using RaftLog.Protocol.Wire;

namespace RaftLog.Broker.Tests.Partitions;

/// <summary>A metadata log that a test writes by hand, and its image.</summary>
internal sealed class MetadataReplay
{
    public MetadataImage Image { get; private set; } = MetadataImage.Empty;

    public void Append(IReadOnlyList<IMetadataRecord> records)
    {
        var delta = new MetadataDelta(Image);
        foreach (IMetadataRecord record in records)
        {
            delta.Replay(record);
        }

        Image = delta.Apply(new MetadataProvenance(Image.Provenance.LastOffset + records.Count, new LeaderEpoch(1))).Image;
    }
}
