using RaftLog.Metadata;

namespace RaftLog.Broker.Metadata;

/// <summary>Somebody who acts on committed metadata: partitions, fetchers, the broker's lifecycle, coordinators.</summary>
internal interface IMetadataListener
{
    /// <summary>
    /// Takes the next image. Called in the publisher's loop, one listener after the other, in the order of the log. It must not wait: what
    /// takes time (the disk, the network, reading a log) is begun here and goes on outside the loop.
    /// <para>
    /// Where listeners were busy meanwhile, one call may stand for several committed changes; what it says has changed is then the
    /// difference between the image told before and this one.
    /// </para>
    /// </summary>
    /// <param name="update">The image, and how it differs from the one before.</param>
    /// <returns>
    /// Ends when this node does what the image asks of it. Nobody waits for it but those who ask how far the node is: until then heartbeats
    /// report an earlier offset.
    /// </returns>
    Task ApplyAsync(MetadataUpdate update);
}
