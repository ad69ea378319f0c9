using RaftLog.Platform.Waiting;

namespace RaftLog.Broker.Lifecycle;

/// <summary>
/// How far a node has come, and who waits until it serves: a broker serves when the controller has unfenced it, a mere controller when it
/// knows the quorum's leader.
/// </summary>
/// <param name="supervisor">Who watches the warm-up.</param>
/// <param name="warmUp">What to do as soon as the node serves, behind its start and not in it; null for nothing.</param>
internal sealed class Readiness(Supervisor supervisor, Func<Action?> warmUp)
{
    private readonly TaskCompletionSource _ready = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>How far it has come.</summary>
    public NodeState State { get; private set; } = NodeState.Recovering;

    /// <summary>Ends when the node serves.</summary>
    public Task Ready => _ready.Task;

    /// <summary>Its logs are open.</summary>
    public void Joining() => State = NodeState.Joining;

    /// <summary>It stops.</summary>
    public void Stopping() => State = NodeState.Stopping;

    /// <summary>It has stopped.</summary>
    public void Stopped() => State = NodeState.Stopped;

    /// <summary>It serves.</summary>
    public void Running()
    {
        State = NodeState.Running;
        if (_ready.TrySetResult() && warmUp() is { } work)
        {
            supervisor.Run(
                "warm-up",
                async () =>
                {
                    await Task.Yield();
                    work();
                }
            );
        }
    }

    /// <summary>Waits until a broker is unfenced, or stopped before that.</summary>
    public async Task WatchAsync(BrokerLifecycle lifecycle)
    {
        if (await lifecycle.WhenRunning)
        {
            Running();
        }
    }
}
