using RaftLog.Broker.Cluster;
using RaftLog.Broker.Metadata;
using RaftLog.Broker.Runtime;
using RaftLog.Metadata;
using RaftLog.Platform.Waiting;
using RaftLog.Protocol;
using RaftLog.Protocol.Messages;

namespace RaftLog.Broker.Lifecycle;

/// <summary>
/// A broker's life as the controller sees it (KIP-631): registers, waits until it has read its own registration, is unfenced, sends
/// heartbeats, and at the end asks to leave and waits until its leaderships have moved.
/// </summary>
internal sealed class BrokerLifecycle(
    BrokerIdentity identity,
    MetadataPublisher publisher,
    IControllerChannel controller,
    LifecycleOptions options,
    Waiters waiters,
    NodeLog nodeLog
) : IMetadataListener
{
    private static readonly TimeSpan CatchUpPause = TimeSpan.FromMilliseconds(10);
    private static readonly TimeSpan ShutdownPause = TimeSpan.FromMilliseconds(50);

    private readonly TaskCompletionSource<bool> _running = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _mayStop = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly AsyncSignal _wake = new(waiters);
    private long _epoch = BrokerEpoch.None.Value;
    private volatile bool _wantsShutdown;
    private volatile bool _anotherLeaves;
    private bool _serving;
    private ErrorCode _toldOf = ErrorCode.None;

    /// <summary>The epoch of this incarnation, or none before the registration is committed.</summary>
    public BrokerEpoch Epoch => new(Volatile.Read(ref _epoch));

    /// <summary>
    /// Opens the client ports, once, when this node has read the log up to its own registration; only then does it ask to be unfenced.
    /// </summary>
    public required Func<ValueTask> BeginServing { get; init; }

    /// <summary>The ids of the log directories that no longer work; each heartbeat tells them (KIP-858).</summary>
    public Func<List<Uuid>> OfflineDirectories { get; init; } = () => [];

    /// <summary>
    /// The ids of the log directories that get no new replicas; each heartbeat tells them (KIP-1066). Null where metadata does not track
    /// them.
    /// </summary>
    public Func<List<Uuid>?> CordonedDirectories { get; init; } = () => null;

    /// <summary>Ends as true when the broker is unfenced for the first time, as false when it is stopped before that.</summary>
    public Task<bool> WhenRunning => _running.Task;

    /// <summary>Registers and sends heartbeats until stopped.</summary>
    public async Task RunAsync()
    {
        while (!_wantsShutdown && !await RegisterAsync())
        {
            if (await _wake.WaitAsync(options.RetryPause) == WaitOutcome.Closed)
            {
                break;
            }
        }

        // Before it has read its own registration a heartbeat can ask for nothing.
        if (!HasReadRegistration && await _wake.WaitAsync(options.HeartbeatInterval) == WaitOutcome.Closed)
        {
            _mayStop.TrySetResult();
        }

        while (Epoch != BrokerEpoch.None && !_mayStop.Task.IsCompleted)
        {
            TimeSpan pause = await HeartbeatAsync();
            if (await _wake.WaitAsync(pause) == WaitOutcome.Closed)
            {
                break;
            }
        }

        _running.TrySetResult(false);
        _mayStop.TrySetResult();
    }

    private bool HasReadRegistration => publisher.Applied.Value >= Epoch.Value;

    private async Task WakeWhenReadAsync(Offset registration)
    {
        if (await publisher.WhenAppliedAsync(registration, Timeout.InfiniteTimeSpan))
        {
            _wake.Set();
        }
    }

    /// <summary>
    /// This node believes something new. The controller lets a broker stop when every other has told it that it knows of the new leaders,
    /// so that no client is sent to a node that is gone: while one leaves, the others tell it often, and not at their usual interval.
    /// </summary>
    public Task ApplyAsync(MetadataUpdate update)
    {
        bool before = _anotherLeaves;
        _anotherLeaves = update.Image.Brokers.Values.Any(each => each.InControlledShutdown && !each.Fenced && each.Id != identity.Node);
        if (_anotherLeaves && !before)
        {
            _wake.Set();
        }

        return Task.CompletedTask;
    }

    /// <summary>A directory has failed: the controller hears of it at once.</summary>
    public void DirectoriesChanged() => _wake.Set();

    /// <summary>
    /// There is another controller: it hears of this broker at once, and over a connection whose end it notices, instead of at the next
    /// heartbeat.
    /// </summary>
    public void ControllerChanged() => _wake.Set();

    /// <summary>Asks the controller to move this broker's leaderships away, and waits until that is done or the time is over.</summary>
    public async ValueTask LeaveAsync(TimeSpan timeout)
    {
        _wantsShutdown = true;
        _wake.Set();
        nodeLog.Info($"stopping: handing over what this broker leads, for at most {timeout.TotalSeconds} s");
        Wait over = waiters.Rent(timeout);
        _ = EndWhenGrantedAsync(over);
        if (await over.Outcome != WaitOutcome.Ready)
        {
            nodeLog.Warn($"the controller has not granted the shutdown within {timeout.TotalSeconds} s; stopping without it");
        }

        _wake.Close();
    }

    private async Task EndWhenGrantedAsync(Wait over)
    {
        await _mayStop.Task;
        over.TryComplete(WaitOutcome.Ready);
    }

    private async ValueTask<bool> RegisterAsync()
    {
        BrokerRegistrationRequest request = new()
        {
            BrokerId = identity.Node,
            ClusterId = identity.ClusterId,
            IncarnationId = identity.Incarnation,
            Rack = identity.Rack,
            LogDirs = [.. identity.Directories],
            PreviousBrokerEpoch = identity.PreviousEpoch,
            Listeners =
            [
                .. identity.Endpoints.Select(each => new BrokerRegistrationRequest.Listener
                {
                    Name = each.Listener,
                    Host = each.Host,
                    Port = each.Port,
                    SecurityProtocol = each.SecurityProtocol,
                }),
            ],
            Features =
            [
                .. Features.Supported.Select(each => new BrokerRegistrationRequest.Feature
                {
                    Name = each.Name,
                    MinSupportedVersion = each.Lowest,
                    MaxSupportedVersion = each.Highest,
                }),
            ],
        };
        if (await controller.SendAsync(request, options.RequestTimeout) is not { } response)
        {
            return false;
        }

        if (response.ErrorCode != ErrorCode.None)
        {
            Rejected("to register", response.ErrorCode);
            return false;
        }

        _toldOf = ErrorCode.None;

        Volatile.Write(ref _epoch, response.BrokerEpoch.Value);
        nodeLog.Info($"broker {identity.Node} is registered with epoch {response.BrokerEpoch}");
        _ = WakeWhenReadAsync(new Offset(response.BrokerEpoch.Value));
        return true;
    }

    /// <summary>Sends one heartbeat; the pause before the next.</summary>
    private async ValueTask<TimeSpan> HeartbeatAsync()
    {
        // Not what it has heard of but what it has done: the controller counts on it.
        Offset known = publisher.Applied;
        bool caughtUp = known.Value >= Epoch.Value;
        bool leaving = _wantsShutdown;
        if (caughtUp && !_serving && !leaving)
        {
            _serving = true;
            await BeginServing();
        }

        BrokerHeartbeatRequest request = new()
        {
            BrokerId = identity.Node,
            BrokerEpoch = Epoch,
            CurrentMetadataOffset = known,
            WantFence = !_serving,
            WantShutDown = leaving,
            OfflineLogDirs = OfflineDirectories(),
            CordonedLogDirs = CordonedDirectories(),
        };
        if (await controller.SendAsync(request, options.RequestTimeout) is not { } response)
        {
            return options.RetryPause;
        }

        if (response.ErrorCode != ErrorCode.None)
        {
            Rejected("the heartbeat of", response.ErrorCode);
            if (response.ErrorCode == ErrorCode.StaleBrokerEpoch && !leaving)
            {
                await ReregisterAsync();
            }

            return leaving ? ShutdownPause : options.RetryPause;
        }

        if (response.ShouldShutDown)
        {
            _mayStop.TrySetResult();
            return TimeSpan.Zero;
        }

        if (!response.IsFenced && _running.TrySetResult(true))
        {
            nodeLog.Info($"broker {identity.Node} is unfenced");
        }

        return leaving || _anotherLeaves ? ShutdownPause
            : response.IsFenced && caughtUp ? CatchUpPause
            : options.HeartbeatInterval;
    }

    /// <summary>Says so once, and again when the reason changes: it is tried many times a second.</summary>
    private void Rejected(string what, ErrorCode reason)
    {
        if (_toldOf == reason)
        {
            return;
        }

        _toldOf = reason;
        string wayOut = reason switch
        {
            ErrorCode.InconsistentClusterId =>
                $": the controllers belong to another cluster than this node's directories ({identity.ClusterId}); point log.dirs or "
                    + $"the voters at the right ones",
            ErrorCode.DuplicateBrokerRegistration =>
                $": another process with node.id = {identity.Node} is alive, or was until a moment ago; stop it, or wait",
            ErrorCode.UnsupportedVersion =>
                $": the cluster has a feature at a level that this release does not run at. It runs at {SupportedLevels()}; lower "
                    + "the others to 0 first (kafka-features.sh downgrade --feature share.version=0, with --bootstrap-controller "
                    + "where no broker runs)",
            _ => "",
        };
        nodeLog.Warn($"the controller rejects {what} broker {identity.Node}: {reason}{wayOut}; trying again");
    }

    private static string SupportedLevels() =>
        string.Join(", ", Features.Supported.Select(each => $"{each.Name} {each.Lowest} to {each.Highest}"));

    // The controller knows another incarnation, or forgot this one: the old epoch is worth nothing.
    private async ValueTask ReregisterAsync()
    {
        Volatile.Write(ref _epoch, BrokerEpoch.None.Value);
        while (!_wantsShutdown && !await RegisterAsync())
        {
            if (await _wake.WaitAsync(options.RetryPause) == WaitOutcome.Closed)
            {
                return;
            }
        }
    }
}

/// <summary>The times of a broker's life.</summary>
/// <param name="HeartbeatInterval"><c>broker.heartbeat.interval.ms</c>.</param>
/// <param name="RequestTimeout">How long a request to the controller may take, its being found included.</param>
/// <param name="RetryPause">The pause after a failure.</param>
internal sealed record LifecycleOptions(TimeSpan HeartbeatInterval, TimeSpan RequestTimeout, TimeSpan RetryPause);
