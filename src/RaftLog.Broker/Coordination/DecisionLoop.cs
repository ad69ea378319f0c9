using RaftLog.Broker.Runtime;
using RaftLog.Coordination;
using RaftLog.Platform.Waiting;
using RaftLog.Protocol;
using RaftLog.Protocol.Records;
using RaftLog.Protocol.Wire;

namespace RaftLog.Broker.Coordination;

/// <summary>
/// Serves one loaded coordinator state, one input at a time: the state decides, its records are appended as one batch and replayed at once,
/// and its responses leave when everything appended so far is committed. So an input never waits for the commit of an earlier one, many
/// share a flush, and a response tells nothing that could be lost (<see cref="Decisions{TBatch}"/>).
/// <para>
/// It ends with the leadership, or when the log does not take what was decided: what the state believes then may not be what the log holds.
/// Everyone who waits is told NOT_COORDINATOR, and whoever runs the loop loads the state anew if this node still leads.
/// </para>
/// </summary>
/// <typeparam name="TState">The state.</typeparam>
internal sealed partial class DecisionLoop<TState>
    where TState : class, ICoordinatorState
{
    /// <summary>The most requests that wait in one state; more are told that the coordinator is not available, and come back.</summary>
    public const int MaxWaiting = 100_000;

    /// <summary>
    /// The most inputs without a request that wait until the partition takes records again; one more, and the state is loaded anew.
    /// </summary>
    public const int MaxPostponed = 10_000;

    // How soon to look again where time asks for a record while the partition takes none.
    private const long TickRetryMs = 100;

    private readonly TState _state;
    private readonly LedPartition _log;
    private readonly Waiters _waiters;
    private readonly NodeLog _nodeLog;
    private readonly long _commitTimeoutMs;
    private readonly Action<ICoordinatorEffect> _carryOut;
    private readonly EventLoop _loop;
    private readonly Decisions<DecidedBatch> _decisions;
    private readonly Action<Offset> _replay;
    private readonly Outbox _outbox = new();
    private readonly Dictionary<RequestToken, PendingDecision> _waiting = [];
    private readonly Queue<Action<TState, CoordinatorTime, Outbox>> _postponed = new();
    private long _lastToken;
    private bool _ended;

    /// <summary>A loop that has not started.</summary>
    /// <param name="state">The state, with all of the log replayed.</param>
    /// <param name="log">The leadership in which it decides.</param>
    /// <param name="end">The end of the log: what the state rests on.</param>
    /// <param name="options">Times, and who carries out effects.</param>
    /// <param name="waiters">Clock and waits.</param>
    /// <param name="nodeLog">Where a defect is told.</param>
    public DecisionLoop(TState state, LedPartition log, Offset end, CoordinatorOptions options, Waiters waiters, NodeLog nodeLog)
    {
        _state = state;
        _log = log;
        _decisions = new Decisions<DecidedBatch>(log, end);
        _replay = Replay;
        _commitTimeoutMs = (long)options.CommitTimeout.TotalMilliseconds;
        _carryOut = effect => options.OnEffect?.Invoke(log.Name.Partition, log.Epoch, effect);
        _waiters = waiters;
        _nodeLog = nodeLog;
        _loop = new EventLoop(waiters) { Warn = nodeLog.Warn };
    }

    private CoordinatorTime Now => new(_waiters.NowMs, WallMs);

    private long WallMs => _waiters.Time.GetUtcNow().ToUnixTimeMilliseconds();

    /// <summary>Runs until stopped, or until the state can no longer be trusted.</summary>
    public async Task RunAsync()
    {
        _log.Observe(_loop.Signal);
        Run(request: null, state => state.Activate(Now, _outbox));
        await _loop.RunAsync(Review);
        _log.EndObservation(_loop.Signal);
        End(ErrorCode.NotCoordinator);
    }

    /// <summary>Ends the loop. Called from anywhere.</summary>
    public void Stop() => _loop.Stop();

    /// <summary>Gives a request to the state; ends with its response, or with an error of the runtime. Called from anywhere.</summary>
    /// <param name="mayWrite">True for a request that may append: it is rejected before it is decided while the partition takes no
    /// records.</param>
    /// <param name="command">Decides.</param>
    /// <param name="reject">Makes the response that carries an error.</param>
    public Task<TResponse> CallAsync<TResponse>(
        bool mayWrite,
        Action<TState, RequestToken, CoordinatorTime, Outbox> command,
        Func<ErrorCode, TResponse> reject
    )
        where TResponse : class, IMessage
    {
        PendingDecision<TResponse> request = new(reject);
        return _loop.Post(() => Decide(mayWrite, command, request)) ? request.Response : Task.FromResult(reject(ErrorCode.NotCoordinator));
    }

    /// <summary>
    /// Gives the state an input that nobody waits for. Such inputs keep their order, and wait while the partition takes no records. Called
    /// from anywhere.
    /// </summary>
    public void Post(Action<TState, CoordinatorTime, Outbox> input) =>
        _loop.Post(() =>
        {
            _postponed.Enqueue(input);
            if (_postponed.Count > MaxPostponed)
            {
                End(ErrorCode.NotCoordinator);
            }
            else
            {
                RunPostponed();
            }
        });

    /// <summary>Appends the marker that ends a transaction and replays it. Called from anywhere.</summary>
    /// <returns>None when it is committed; else why it is not known to be.</returns>
    public Task<ErrorCode> AppendMarkerAsync(TransactionMarker marker)
    {
        PendingDecision<ErrorCode> request = new(static error => error);
        return _loop.Post(() => Decide(marker, request)) ? request.Response : Task.FromResult(ErrorCode.NotCoordinator);
    }

    private void Decide(bool mayWrite, Action<TState, RequestToken, CoordinatorTime, Outbox> command, PendingDecision request)
    {
        if (_ended || _waiting.Count >= MaxWaiting)
        {
            request.Reject(_ended ? ErrorCode.NotCoordinator : ErrorCode.CoordinatorNotAvailable);
            return;
        }

        if (mayWrite && _log.MayAppend() is var rejected and not ErrorCode.None)
        {
            request.Reject(ForClients(rejected));
            return;
        }

        RequestToken token = new(++_lastToken);
        _waiting.Add(token, request);
        Run(request, state => command(state, token, Now, _outbox));
    }

    private void Decide(TransactionMarker marker, PendingDecision request)
    {
        if (_ended)
        {
            request.Reject(ErrorCode.NotCoordinator);
            return;
        }

        Run(
            request,
            state =>
            {
                ErrorCode error = _decisions.Append(
                    new DecidedBatch(CoordinatorBatches.Marker(marker, WallMs), marker.TransactionVersion),
                    offset => state.ReplayMarker(marker.Producer, marker.Epoch, marker.IsCommit, offset)
                );
                if (error != ErrorCode.None)
                {
                    request.Reject(ForClients(error));
                    return;
                }

                _decisions.Respond(request, ErrorCode.None, wrote: true, _waiters.NowMs + _commitTimeoutMs);
            }
        );
    }

    private void Run(PendingDecision? request, Action<TState> input)
    {
        if (_ended)
        {
            return;
        }

        try
        {
            _outbox.Clear();
            input(_state);
            ApplyEffects();
        }
        catch (Exception defect) when (defect is not InvariantException)
        {
            _nodeLog.Error($"the coordinator of {_log.Name} failed and is loaded anew: {defect}");
            request?.Reject(ErrorCode.UnknownServerError);
            End(ErrorCode.NotCoordinator);
        }
    }

    private void ApplyEffects()
    {
        bool wrote = _outbox.Records.Count > 0;
        if (wrote)
        {
            ErrorCode error = _decisions.Append(new DecidedBatch(CoordinatorBatches.Of(_outbox, WallMs)), _replay);
            if (error != ErrorCode.None)
            {
                NotAppended(error);
                return;
            }
        }

        foreach (ICoordinatorEffect effect in _outbox.Effects)
        {
            _decisions.WhenCommitted(() => _carryOut(effect));
        }

        long deadlineMs = _waiters.NowMs + _commitTimeoutMs;
        foreach ((RequestToken token, IMessage response) in _outbox.Responses)
        {
            if (_waiting.Remove(token, out PendingDecision? request))
            {
                SeededBugRespondsEarly(request, response);
                _decisions.Respond(request, response, wrote, deadlineMs);
            }
        }
    }

    static partial void SeededBugRespondsEarly(PendingDecision request, IMessage response);

    private void Replay(Offset baseOffset)
    {
        ProducerStamp producer = _outbox.Producer;
        for (int i = 0; i < _outbox.Records.Count; i++)
        {
            _state.Replay(_outbox.Records[i], new RecordOrigin(baseOffset + i, producer));
        }
    }

    // A producer that was fenced concerns its own request. Anything else: the state has gone on from a decision that is not in the log.
    private void NotAppended(ErrorCode error)
    {
        if (!_outbox.Producer.Id.IsPresent || _log.MayAppend() != ErrorCode.None)
        {
            End(ForClients(error));
            return;
        }

        foreach ((RequestToken token, _) in _outbox.Responses)
        {
            if (_waiting.Remove(token, out PendingDecision? request))
            {
                request.Reject(error);
            }
        }
    }

    /// <summary>After each group of inputs, at deadlines and when the high watermark has moved.</summary>
    private long Review()
    {
        RunPostponed();
        Release();
        long now = _waiters.NowMs;
        long next = Math.Max(_state.NextDeadlineMs, now + 1);
        if (!_ended && _state.NextDeadlineMs <= now)
        {
            bool mayAppend = _log.MayAppend() == ErrorCode.None;
            if (mayAppend)
            {
                Run(request: null, state => state.Tick(Now, _outbox));
                Release();
            }

            next = Math.Max(_state.NextDeadlineMs, now + (mayAppend ? 1 : TickRetryMs));
        }

        next = _postponed.Count > 0 ? Math.Min(next, now + TickRetryMs) : next;
        return _ended ? long.MaxValue : Math.Min(next, _decisions.NextDeadlineMs);
    }

    private void RunPostponed()
    {
        while (!_ended && _postponed.Count > 0 && _log.MayAppend() == ErrorCode.None)
        {
            Action<TState, CoordinatorTime, Outbox> input = _postponed.Dequeue();
            Run(request: null, state => input(state, Now, _outbox));
        }
    }

    private void Release()
    {
        if (_ended)
        {
            return;
        }

        if (_decisions.Release(_waiters.NowMs, late: ErrorCode.CoordinatorNotAvailable) != ErrorCode.None)
        {
            End(ErrorCode.NotCoordinator);
        }
    }

    private void End(ErrorCode error)
    {
        if (_ended)
        {
            return;
        }

        _ended = true;
        _loop.Stop();
        _decisions.Abandon(read: error, written: error);
        foreach (PendingDecision request in _waiting.Values)
        {
            request.Reject(error);
        }

        _waiting.Clear();
    }

    private static ErrorCode ForClients(ErrorCode error) =>
        error switch
        {
            ErrorCode.NotEnoughReplicas => ErrorCode.CoordinatorNotAvailable,
            ErrorCode.NotLeaderOrFollower or ErrorCode.FencedLeaderEpoch or ErrorCode.UnknownLeaderEpoch or ErrorCode.KafkaStorageError =>
                ErrorCode.NotCoordinator,
            _ => error,
        };
}
