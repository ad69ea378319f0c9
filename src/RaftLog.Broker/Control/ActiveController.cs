using RaftLog.Broker.Quorum;
using RaftLog.Broker.Runtime;
using RaftLog.Metadata;
using RaftLog.Protocol;
using RaftLog.Protocol.Wire;

namespace RaftLog.Broker.Control;

/// <summary>
/// The shell of the controller on a node that may lead the quorum. It lives in the quorum's event loop: a decision, its append and its
/// replay happen in one input, and its response is held back until all that it rests on is committed (<see cref="Decisions{TBatch}"/>).
/// </summary>
internal sealed partial class ActiveController(
    EventLoop loop,
    IMetadataAppender log,
    ControllerOptions options,
    IConfigTable configs,
    IRandomSource random,
    BrokerProbe probe,
    NodeLog nodeLog
)
{
    private Controller? _controller;
    private Decisions<DecidedMetadata>? _decisions;
    private LeaderEpoch _epoch;
    private Offset _epochStart;
    private bool _leads;

    /// <summary>Called in the event loop when the controller begins.</summary>
    public Action Activated { get; init; } = static () => { };

    /// <summary>When time asks for something, in the loop's milliseconds.</summary>
    public long NextDeadlineMs => _controller?.NextDeadlineMs ?? long.MaxValue;

    /// <summary>
    /// Decides in the event loop; the response comes when it is committed. Rejected with NOT_CONTROLLER when nothing was decided, so that
    /// another controller may be asked, and with REQUEST_TIMED_OUT when the leadership ended with the decision in the log: the next
    /// controller may find it there, or not.
    /// </summary>
    public async ValueTask<T> DecideAsync<T>(Func<Controller, Offset, long, ControllerResult<T>> decide, Func<ErrorCode, T> reject)
        where T : class
    {
        PendingDecision<T> request = new(reject);
        if (!loop.Post(() => Decide(decide, request)))
        {
            return reject(ErrorCode.NotController);
        }

        return await request.Response;
    }

    /// <summary>A connection of a broker to this node has ended. Called from anywhere.</summary>
    public void ConnectionLost(NodeId broker, BrokerEpoch epoch) =>
        loop.Post(() =>
        {
            _controller?.ConnectionLost(broker, epoch, loop.NowMs);
            SendProbes();
        });

    /// <summary>This node leads the quorum; the controller begins when all that earlier leaders committed has been read.</summary>
    public void LeadershipGained(LeaderEpoch epoch, Offset epochStart)
    {
        _leads = true;
        _epoch = epoch;
        _epochStart = epochStart;
    }

    /// <summary>The leadership is over: what was decided and not committed is forgotten, and who waits is told to ask elsewhere.</summary>
    public void LeadershipLost()
    {
        _leads = false;
        Controller? kept = null;
        SeededBugKeepsController(ref kept);
        _controller = kept;
        _decisions?.Abandon(read: ErrorCode.NotController, written: ErrorCode.RequestTimedOut);
    }

    partial void SeededBugKeepsController(ref Controller? kept);

    /// <summary>
    /// The committed log has been read up to an offset: begins the controller if it waits for that, and gives the responses due.
    /// </summary>
    public void Committed(MetadataLoader loader)
    {
        if (_leads && _controller is null && loader.Position > _epochStart)
        {
            _controller = new Controller(loader.Image, options, configs, random, loop.NowMs);
            _decisions = new Decisions<DecidedMetadata>(log, loader.Position);
            nodeLog.Info($"this node is the active controller in epoch {_epoch}");
            Append(_controller, _controller.Activate(loader.InTransaction));
            SendProbes();
            Activated();
        }

        if (_controller is not null && _decisions!.Release(loop.NowMs, late: ErrorCode.RequestTimedOut) != ErrorCode.None)
        {
            LeadershipLost();
        }
    }

    /// <summary>Does what time asks for.</summary>
    public void Tick()
    {
        if (_controller is { } controller && controller.NextDeadlineMs <= loop.NowMs)
        {
            Append(controller, controller.Tick(loop.NowMs));
            SendProbes();
        }
    }

    private void Decide<T>(Func<Controller, Offset, long, ControllerResult<T>> decide, PendingDecision<T> request)
        where T : class
    {
        if (_controller is not { } controller)
        {
            request.Reject(ErrorCode.NotController);
            return;
        }

        ControllerResult<T> result = decide(controller, log.EndOffset, loop.NowMs);
        if (!Append(controller, result.Records))
        {
            request.Reject(ErrorCode.NotController);
            return;
        }

        SeededBugRespondsEarly(request, result.Response);
        _decisions!.Respond(request, result.Response, wrote: result.Records.Count > 0);
        if (result.Records.Count == 0)
        {
            log.ReviewCommitted();
        }

        SendProbes();
    }

    static partial void SeededBugRespondsEarly<T>(PendingDecision<T> request, T response);

    private bool Append(Controller controller, IReadOnlyList<IMetadataRecord> records)
    {
        if (records.Count == 0)
        {
            return true;
        }

        ErrorCode error = _decisions!.Append(
            new DecidedMetadata(records, controller.Image.Version),
            baseOffset => controller.Replay(records, baseOffset, _epoch, loop.NowMs)
        );
        if (error != ErrorCode.None)
        {
            LeadershipLost();
        }

        return error == ErrorCode.None;
    }

    private void SendProbes()
    {
        if (_controller is not { } controller)
        {
            return;
        }

        foreach ((NodeId broker, BrokerEpoch epoch) in controller.TakeProbes())
        {
            if (controller.Image.Brokers.TryGetValue(broker, out BrokerRegistration? registration))
            {
                probe.Start(registration, rejected => loop.Post(() => ProbeEnded(broker, epoch, rejected)));
            }
        }
    }

    private void ProbeEnded(NodeId broker, BrokerEpoch epoch, bool rejected)
    {
        if (_controller is not { } controller)
        {
            return;
        }

        IReadOnlyList<IMetadataRecord> records = controller.ProbeEnded(broker, epoch, rejected, loop.NowMs);
        if (records.Count > 0)
        {
            nodeLog.Info($"broker {broker} is fenced: nobody listens at its address any more");
        }

        Append(controller, records);
    }
}
