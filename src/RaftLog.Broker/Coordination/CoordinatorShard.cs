using RaftLog.Broker.Runtime;
using RaftLog.Coordination;
using RaftLog.Platform.Waiting;
using RaftLog.Protocol;
using RaftLog.Protocol.Wire;

namespace RaftLog.Broker.Coordination;

/// <summary>
/// The coordinator of one partition of an internal topic, for as long as one leadership lasts: it loads the state, serves it, and loads it
/// anew when the log did not take what was decided.
/// </summary>
/// <typeparam name="TState">The state.</typeparam>
/// <param name="log">The leadership.</param>
/// <param name="create">Makes an empty state.</param>
/// <param name="options">Times.</param>
/// <param name="waiters">Clock and waits.</param>
/// <param name="nodeLog">The node log.</param>
internal sealed class CoordinatorShard<TState>(
    LedPartition log,
    Func<TState> create,
    CoordinatorOptions options,
    Waiters waiters,
    NodeLog nodeLog
)
    where TState : class, ICoordinatorState
{
    private static readonly TimeSpan ReloadPause = TimeSpan.FromSeconds(1);

    private readonly AsyncSignal _stop = new(waiters);
    private readonly Lock _gate = new();
    private readonly List<Action<TState, CoordinatorTime, Outbox>> _beforeLoaded = [];
    private DecisionLoop<TState>? _loop;
    private bool _loadHasFailed;
    private bool _stopped;

    /// <summary>The leadership.</summary>
    public LedPartition Log => log;

    /// <summary>Loads and serves until stopped, or until the leadership is over.</summary>
    public async Task RunAsync()
    {
        do
        {
            TState state = create();
            if (await LoadAsync(state) is { } end)
            {
                DecisionLoop<TState> loop = new(state, log, end, options, waiters, nodeLog);
                if (!TryPublish(loop))
                {
                    return;
                }

                await loop.RunAsync();
                BeginLoad(afterFailure: false);
            }
            else
            {
                BeginLoad(afterFailure: true);
            }
        } while (log.TryGetCommitted(out _) == ErrorCode.None && await _stop.WaitAsync(ReloadPause) == WaitOutcome.Expired);
    }

    /// <summary>The node leads the partition no longer, or stops. Called from anywhere.</summary>
    public void Stop()
    {
        DecisionLoop<TState>? loop;
        lock (_gate)
        {
            _stopped = true;
            loop = _loop;
        }

        loop?.Stop();
        _stop.Close();
    }

    /// <summary>
    /// See <see cref="DecisionLoop{TState}.CallAsync"/>; COORDINATOR_LOAD_IN_PROGRESS until the state is loaded, COORDINATOR_NOT_AVAILABLE
    /// once that has failed: members whose heartbeats are accepted unseen meanwhile would rely on that for as long as it goes on failing.
    /// </summary>
    public Task<TResponse> CallAsync<TResponse>(
        bool mayWrite,
        Action<TState, RequestToken, CoordinatorTime, Outbox> command,
        Func<ErrorCode, TResponse> reject
    )
        where TResponse : class, IMessage =>
        Loop() is { } loop ? loop.CallAsync(mayWrite, command, reject) : Task.FromResult(reject(NotServing()));

    /// <summary>See <see cref="DecisionLoop{TState}.Post"/>; what comes while the state is loaded waits for the end of that.</summary>
    public void Post(Action<TState, CoordinatorTime, Outbox> input)
    {
        lock (_gate)
        {
            if (_loop is { } loop)
            {
                loop.Post(input);
            }
            else if (!_stopped && _beforeLoaded.Count < DecisionLoop<TState>.MaxPostponed)
            {
                _beforeLoaded.Add(input);
            }
        }
    }

    /// <summary>See <see cref="DecisionLoop{TState}.AppendMarkerAsync"/>.</summary>
    public Task<ErrorCode> AppendMarkerAsync(TransactionMarker marker) =>
        Loop() is { } loop ? loop.AppendMarkerAsync(marker) : Task.FromResult(NotServing());

    private ErrorCode NotServing()
    {
        lock (_gate)
        {
            return log.TryGetCommitted(out _) != ErrorCode.None ? ErrorCode.NotCoordinator
                : _loadHasFailed ? ErrorCode.CoordinatorNotAvailable
                : ErrorCode.CoordinatorLoadInProgress;
        }
    }

    private DecisionLoop<TState>? Loop()
    {
        lock (_gate)
        {
            return _loop;
        }
    }

    private bool TryPublish(DecisionLoop<TState> loop)
    {
        lock (_gate)
        {
            _loop = _stopped ? null : loop;
            _beforeLoaded.ForEach(loop.Post);
            _beforeLoaded.Clear();
            return !_stopped;
        }
    }

    private void BeginLoad(bool afterFailure)
    {
        lock (_gate)
        {
            _loop = null;
            _loadHasFailed = afterFailure;
        }
    }

    private async ValueTask<Offset?> LoadAsync(TState state)
    {
        try
        {
            return await new CoordinatorLoader(log, waiters, nodeLog).LoadAsync(state);
        }
        catch (CoordinatorLoadException failure)
        {
            nodeLog.Error(
                $"the coordinator of {log.Name} is not available, its state cannot be loaded: {failure.Message}; it is tried again"
            );
            return null;
        }
    }
}
