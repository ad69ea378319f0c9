using RaftLog.Metadata;

namespace RaftLog.Broker.Metadata;

/// <summary>Hands committed images and what changed in them to those who act on it, in the order in which they were added.</summary>
internal sealed class MetadataPublisher
{
    private readonly List<IMetadataListener> _listeners = [];

    /// <summary>Adds a listener; all are added before the first image.</summary>
    public void Add(IMetadataListener listener) => _listeners.Add(listener);

    /// <summary>Takes the next committed image.</summary>
    public void Publish(MetadataUpdate update)
    {
        foreach (IMetadataListener listener in _listeners)
        {
            listener.Apply(update);
        }
    }
}
