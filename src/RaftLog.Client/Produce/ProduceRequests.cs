using System.Runtime.CompilerServices;
using RaftLog.Client.Connections;
using RaftLog.Client.Transactions;
using RaftLog.Platform.Rpc;
using RaftLog.Platform.Waiting;
using RaftLog.Protocol;
using RaftLog.Protocol.Messages;

namespace RaftLog.Client.Produce;

/// <summary>
/// The requests of a producer: one draft a broker in each turn of the sender, and those under way, a bounded number to a broker.
/// </summary>
/// <param name="options">The producer's options.</param>
/// <param name="runtime">Clock and waits.</param>
/// <param name="connections">The producer's connections.</param>
/// <param name="outcomes">Hears what came of a request.</param>
/// <param name="schedule">Where the queues of a request that has ended are listed again.</param>
/// <param name="transactions">Of a transactional producer, or null.</param>
/// <param name="ended">Called when a request has ended.</param>
internal sealed class ProduceRequests(
    ProducerOptions options,
    ClientRuntime runtime,
    ConnectionSet connections,
    BatchOutcomes outcomes,
    QueueSchedule schedule,
    TransactionFlow? transactions,
    Action ended
)
{
    private readonly Lock _lock = new();
    private readonly SortedDictionary<NodeId, int> _inFlight = [];

    /// <summary>Drafts that wait to be used again.</summary>
    private readonly Stack<ProduceDraft> _spare = new();

    /// <summary>What this turn of the sender sends; empty between turns.</summary>
    private readonly List<ProduceDraft> _drafts = [];
    private int _underWay;

    /// <summary>True while a broker has not answered.</summary>
    public bool AreUnderWay => Volatile.Read(ref _underWay) > 0;

    /// <summary>This turn's draft for a broker; null while as many as may be are under way there.</summary>
    public ProduceDraft? DraftFor(NodeId leader)
    {
        foreach (ProduceDraft known in _drafts)
        {
            if (known.Leader == leader)
            {
                return known;
            }
        }

        ProduceDraft? draft;
        lock (_lock)
        {
            if (_inFlight.GetValueOrDefault(leader) >= options.MaxInFlight)
            {
                return null;
            }

            _spare.TryPop(out draft);
        }

        draft ??= new ProduceDraft(transactions, SendAsync);
        draft.Begin(leader);
        _drafts.Add(draft);
        return draft;
    }

    /// <summary>Sends this turn's drafts.</summary>
    public void Send()
    {
        foreach (ProduceDraft draft in _drafts)
        {
            Count(draft.Leader, 1);
            runtime.Supervisor.RunHere("produce request", draft.SendAsync);
        }

        _drafts.Clear();
    }

    [AsyncMethodBuilder(typeof(ReusedStateMethodBuilder))]
    private async ValueTask SendAsync(ProduceDraft draft)
    {
        RpcConnectResult opened = await connections.OpenAsync(
            draft.Leader,
            new CallDeadline(runtime.Waiters, runtime.Options.ConnectTimeout)
        );
        if (opened.Channel is not { } channel)
        {
            outcomes.NoResponse(draft, RpcOutcome.Unsupported, opened.Reason);
        }
        else
        {
            ProduceRequest request = draft.ToRequest(options.Acks, runtime.Options.RequestTimeout);
            RpcResult<ProduceResponse> result =
                options.Acks == Acks.None
                    ? await channel.TellAsync(request, runtime.Options.RequestTimeout)
                    : await channel.CallAsync(request, runtime.Options.RequestTimeout, draft.HighestVersion, here: true);
            if (!result.TryGet(out ProduceResponse? response))
            {
                outcomes.NoResponse(draft, result.Outcome, result.Reason);
            }
            else
            {
                outcomes.Responded(draft, response, channel);
            }
        }

        Count(draft.Leader, -1);
        foreach ((PartitionQueue queue, _, _) in draft.Entries)
        {
            schedule.List(queue);
        }

        lock (_lock)
        {
            _spare.Push(draft);
        }

        ended();
    }

    private void Count(NodeId node, int change)
    {
        lock (_lock)
        {
            _inFlight[node] = _inFlight.GetValueOrDefault(node) + change;
            Volatile.Write(ref _underWay, _underWay + change);
        }
    }
}
