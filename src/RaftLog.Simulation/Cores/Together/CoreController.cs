using RaftLog.Metadata;
using RaftLog.Protocol;
using RaftLog.Protocol.Wire;

namespace RaftLog.Simulation.Cores;

/// <summary>
/// Carries the active controller on a voter: appends what it decides, has it replay that, and gives the response when it is committed. It
/// decides nothing.
/// </summary>
internal sealed class CoreController(CoreWorld world, CoreNode node)
{
    private readonly Queue<(Offset LastOffset, Action<bool> End)> _pending = new();
    private Controller? _controller;
    private LeaderEpoch _epoch;
    private Offset _epochStart;
    private bool _leads;

    public bool IsActive => _controller is not null;

    public long NextDeadlineMs => _controller?.NextDeadlineMs ?? long.MaxValue;

    public void LeadershipGained(LeaderEpoch epoch, Offset epochStart)
    {
        _leads = true;
        _epoch = epoch;
        _epochStart = epochStart;
    }

    public void LeadershipLost()
    {
        _leads = false;
        _controller = null;
        while (_pending.TryDequeue(out (Offset LastOffset, Action<bool> End) pending))
        {
            pending.End(false);
        }
    }

    /// <summary>
    /// The committed log has been read: begins the controller if it waits for that, and gives the responses that are due.
    /// </summary>
    public void Review(MetadataReplayer replayer)
    {
        Offset position = replayer.Position.LastOffset + 1;
        if (_leads && _controller is null && position > _epochStart)
        {
            ControllerOptions options = new()
            {
                SessionTimeoutMs = world.Options.SessionMs,
                ImbalanceCheckMs = 5_000,
                MaxIdleMs = world.Options.IdleMs,
            };
            _controller = new Controller(replayer.Image, options, NoConfigs.Instance, world.Chance, world.NowMs);
            world.Say($"{node.Id} is the active controller in epoch {_epoch}");
            Append(_controller, _controller.Activate(replayer.InTransaction));
            SendProbes();
        }

        while (_pending.TryPeek(out (Offset LastOffset, Action<bool> End) next) && next.LastOffset < position)
        {
            _pending.Dequeue().End(true);
        }
    }

    public void Tick()
    {
        if (_controller is { } controller && controller.NextDeadlineMs <= world.NowMs)
        {
            Append(controller, controller.Tick(world.NowMs));
            SendProbes();
        }
    }

    /// <summary>
    /// Decides; the response comes when it is committed, or null when this node is not the active controller, or no longer.
    /// </summary>
    public void Decide<T>(Func<Controller, Offset, long, ControllerResult<T>> decide, Action<T?> response)
        where T : class
    {
        if (_controller is not { } controller)
        {
            response(null);
            return;
        }

        ControllerResult<T> result = decide(controller, node.Quorum.EndOffset, world.NowMs);
        if (!Append(controller, result.Records))
        {
            response(null);
            return;
        }

        _pending.Enqueue((controller.Image.Provenance.LastOffset, committed => response(committed ? result.Response : null)));
        if (result.Records.Count == 0)
        {
            Review(node.Replayer);
        }

        SendProbes();
    }

    public void ConnectionLost(NodeId broker)
    {
        if (_controller is { } controller && controller.Image.Brokers.TryGetValue(broker, out BrokerRegistration? registration))
        {
            controller.ConnectionLost(broker, registration.Epoch, world.NowMs);
            SendProbes();
        }
    }

    /// <summary>Tells the controller the end of a probe that it may not have asked for; how many records it decided then.</summary>
    public int TellProbe(NodeId broker, BrokerEpoch epoch, bool rejected)
    {
        IReadOnlyList<IMetadataRecord> records = _controller?.ProbeEnded(broker, epoch, rejected, world.NowMs) ?? [];
        return _controller is { } controller && Append(controller, records) ? records.Count : 0;
    }

    /// <summary>The process has ended.</summary>
    public void Crash()
    {
        _leads = false;
        _controller = null;
        _pending.Clear();
    }

    private bool Append(Controller controller, IReadOnlyList<IMetadataRecord> records)
    {
        if (records.Count == 0)
        {
            return true;
        }

        if (node.Quorum.TryAppend(records) is not { } baseOffset)
        {
            LeadershipLost();
            return false;
        }

        controller.Replay(records, baseOffset, _epoch, world.NowMs);
        node.ScheduleTick();
        return true;
    }

    private void SendProbes()
    {
        if (_controller is not { } controller)
        {
            return;
        }

        foreach ((NodeId broker, BrokerEpoch epoch) in controller.TakeProbes())
        {
            world.Probe(
                node,
                broker,
                rejected =>
                {
                    if (ReferenceEquals(_controller, controller))
                    {
                        TellProbe(broker, epoch, rejected);
                    }
                }
            );
        }
    }
}
