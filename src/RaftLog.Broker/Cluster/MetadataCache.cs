using RaftLog.Broker.Metadata;
using RaftLog.Metadata;
using RaftLog.Platform.Waiting;
using RaftLog.Protocol;

namespace RaftLog.Broker.Cluster;

/// <summary>
/// What this node believes about the cluster now: the latest image of the committed metadata log. Readers take one image and keep it for
/// the whole request, so a response never mixes two states.
/// </summary>
internal sealed class MetadataCache(Waiters waiters, string clusterId, NodeId self) : IMetadataListener
{
    /// <summary>How long a response waits for this node's own place in the cluster, before it says what is known.</summary>
    private static readonly TimeSpan LongestWaitForSelf = TimeSpan.FromSeconds(10);

    private readonly Lock _gate = new();
    private readonly List<(Func<MetadataImage, bool> Condition, Wait Wait)> _waiting = [];
    private MetadataImage _image = MetadataImage.Empty;
    private volatile bool _hasNamedSelf;

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
            _hasNamedSelf |= image.IsAlive(Self);
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

    /// <summary>
    /// Waits, right after the start, until the image names this node among the brokers that are alive: clients take a cluster without
    /// brokers badly. At once when it has done so before, whatever has become of this node since.
    /// </summary>
    public async ValueTask WhenSelfIsNamedAsync()
    {
        if (!_hasNamedSelf)
        {
            await WaitUntilAsync(image => image.IsAlive(Self), LongestWaitForSelf);
        }
    }
}
