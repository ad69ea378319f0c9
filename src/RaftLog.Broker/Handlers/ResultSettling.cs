using RaftLog.Broker.Cluster;
using RaftLog.Broker.Metadata;
using RaftLog.Metadata;

namespace RaftLog.Broker.Handlers;

/// <summary>Waits until this node shows a change that the controller has made, and has done its part in it.</summary>
/// <typeparam name="TRequest">The request.</typeparam> <typeparam name="TResponse">The response.</typeparam>
/// <param name="cache">What this node shows.</param>
/// <param name="publisher">What it has done.</param>
internal sealed class ResultSettling<TRequest, TResponse>(MetadataCache cache, MetadataPublisher publisher)
{
    // Long enough for a node that lags, short enough for a result that another client has undone meanwhile and that will never be seen
    // here.
    private static readonly TimeSpan LookTimeout = TimeSpan.FromSeconds(3);

    /// <summary>True when an image shows what the response says.</summary>
    public required Func<TRequest, TResponse, MetadataImage, bool> IsShown { get; init; }

    /// <summary>How long the client lets this node's own part take: <c>timeout.ms</c> of the request.</summary>
    public required Func<TRequest, int> PatienceMs { get; init; }

    /// <summary>Writes into the response what this node could not do; called when its part has ended.</summary>
    public Action<TResponse> Complete { get; init; } = _ => { };

    /// <summary>Waits, and completes the response.</summary>
    public async ValueTask WaitAsync(TRequest request, TResponse response)
    {
        if (
            await cache.WaitUntilAsync(image => IsShown(request, response, image), LookTimeout)
            && await publisher.WhenAppliedAsync(
                cache.Image.Provenance.LastOffset,
                TimeSpan.FromMilliseconds(Math.Max(0, PatienceMs(request)))
            )
        )
        {
            Complete(response);
        }
    }
}
