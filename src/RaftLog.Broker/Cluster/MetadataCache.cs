using RaftLog.Broker.Metadata;
using RaftLog.Metadata;
using RaftLog.Platform.Waiting;
using RaftLog.Protocol;

namespace RaftLog.Broker.Cluster;

/// <summary>
/// What this node believes about the cluster now: the latest image of the committed metadata log. Readers take one image and keep it for
/// the whole request, so an answer never mixes two states.
/// </summary>
internal sealed class MetadataCache(Waiters waiters, string clusterId, NodeId self) : IMetadataListener
{
    private readonly Lock _gate = new();
    private readonly List<(Func<MetadataImage, bool> Condition, Wait Wait)> _waiting = [];
    private MetadataImage _image = MetadataImage.Empty;

    /// <summary>The cluster's id.</summary>
    public string ClusterId { get; } = clusterId;

    /// <summary>This node.</summary>
    public NodeId Self { get; } = self;

    /// <summary>The latest image.</summary>
    public MetadataImage Image => Volatile.Read(ref _image);

    /// <inheritdoc />
    public Task ApplyAsync(MetadataUpdate update)
    {
        MetadataImage image = update.Image;
        lock (_gate)
        {
            Volatile.Write(ref _image, image);
            for (int i = _waiting.Count - 1; i >= 0; i--)
            {
                if (!_waiting[i].Wait.IsPending || _waiting[i].Condition(image))
                {
                    _waiting[i].Wait.TryComplete(WaitOutcome.Ready);
                    _waiting.RemoveAt(i);
                }
            }
        }

        return Task.CompletedTask;
    }

    /// <summary>Waits until the image fulfils a condition; false when the time is over first.</summary>
    public async ValueTask<bool> WaitUntilAsync(Func<MetadataImage, bool> condition, TimeSpan timeout)
    {
        Wait wait;
        lock (_gate)
        {
            if (condition(_image))
            {
                return true;
            }

            wait = waiters.Rent(timeout);
            _waiting.Add((condition, wait));
        }

        return await wait.Outcome == WaitOutcome.Ready;
    }
}
