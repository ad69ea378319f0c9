using RaftLog.Metadata;

namespace RaftLog.Broker.Metadata;

/// <summary>Somebody who acts on committed metadata: partitions, fetchers, the broker's lifecycle, coordinators.</summary>
internal interface IMetadataListener
{
    /// <summary>Takes the next image. Listeners are told one after the other, each image once, in the order of the log.</summary>
    void Apply(MetadataUpdate update);
}
