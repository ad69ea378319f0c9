using RaftLog.Protocol;
using RaftLog.Replication;

namespace RaftLog.Simulation.Cores;

/// <summary>One node's replica of one partition, with its fetches, flushes, waiting produces and proposals.</summary>
internal sealed class CorePartition
{
    private const int FetchWaitMs = 500;
    private const int FetchTimeoutMs = 1_200;
    private const int BackOffMs = 60;

    private readonly CoreWorld _world;
    private readonly CoreNode _node;
    private readonly int _index;
    private readonly List<Produced> _waiting = [];
    private readonly List<WaitingFetch> _fetches = [];
    private bool _fetching;
    private bool _flushing;
    private bool _isSettling;
    private (int End, Offset HighWatermark, PartitionRole? Role) _served;

    public CorePartition(CoreWorld world, CoreNode node, int index)
    {
        _world = world;
        _node = node;
        _index = index;
        var tuning = new ReplicationTuning(world.Options.MaxLagMs, ProposalBackoffMs: 50, LostProposalMs: 6_000);
        Replica = new DataReplica(node.Id.Value, tuning, world.Options.FlushesEachAppend)
        {
            AfterAppend = Witness.Appended,
            OnEffects = ApplyEffects,
        };
        Replica.BeforeTruncation = to => Witness.Truncating(Replica, to);
    }

    public int Index => _index;

    public DataReplica Replica { get; }

    public long NextDeadlineMs => Replica.Core.NextDeadlineMs ?? long.MaxValue;

    private PartitionWitness Witness => _world.WitnessOf(_index);

    public void Start()
    {
        _fetching = false;
        _flushing = false;
    }

    public void Crash(bool losesPower)
    {
        _waiting.Clear();
        _fetches.Clear();
        if (_world.Chance.PerMille(500))
        {
            Replica.CheckpointHighWatermark();
        }

        int unflushed = Replica.Log.End - Replica.Log.DurableEnd;
        Replica.CrashAndRestart(losesPower ? _world.Chance.Next(unflushed + 1) : unflushed);
        _world.Touch(_index);
    }

    public void Apply(PartitionState state, BrokerEpoch registeredAs)
    {
        Replica.RegisteredAs = registeredAs;
        Replica.Apply(_world.NowMs, state);
        Settle();
    }

    public void Tick()
    {
        if (NextDeadlineMs <= _world.NowMs)
        {
            Replica.Tick(_world.NowMs);
            Settle();
        }
    }

    /// <summary>A client's record. A repeated one is not appended again, and answered when the first one is committed.</summary>
    public void Produce(int producer, int sequence, Action<ErrorCode> response)
    {
        int known = Replica.Leads ? Replica.Log.Find(producer, sequence) : -1;
        if (known < 0)
        {
            ErrorCode error = Replica.Append(_world.NowMs, producer, sequence);
            if (error != ErrorCode.None)
            {
                response(error);
                return;
            }

            known = Replica.Log.End - 1;
        }

        _waiting.Add(new Produced(producer, sequence, known, Replica.Core.Role.Epoch, response));
        Settle();
    }

    /// <summary>A client's fetch: what it may see from an offset on.</summary>
    public DataEntry[] Consume(FetchPosition position, int most)
    {
        FetchVerdict verdict = Replica.Core.ClientFetch(position, Replica.Log);
        AlarmException.Unless(
            verdict.Diverging is null,
            "consumer-never-diverges",
            $"a consumer at {position} has read what leader {_node.Id} does not have"
        );
        if (!verdict.MayRead)
        {
            return [];
        }

        Witness.Look(_world.ReplicasOf(_index));
        return position.FetchOffset < verdict.Limit ? Replica.Read(verdict, (int)position.FetchOffset.Value, most) : [];
    }

    private void ApplyEffects(PartitionEffects effects)
    {
        if (effects.Proposal is { } proposal)
        {
            _world.Say($"{_node.Id} proposes {proposal.InSync} for {_index} in epoch {proposal.LeaderEpoch}");
            _node.Proposals.Add(this, proposal);
        }
    }

    /// <summary>Gives the responses that are due, and begins what can begin.</summary>
    private void Settle()
    {
        _world.Touch(_index);
        if (_isSettling)
        {
            return;
        }

        _isSettling = true;
        Acknowledge();
        ServeWaiting();
        Flush();
        Fetch();
        _isSettling = false;
        _node.ScheduleTick();
    }

    private void Acknowledge()
    {
        for (int i = _waiting.Count - 1; i >= 0; i--)
        {
            Produced produced = _waiting[i];
            CommitVerdict verdict = Replica.Core.CheckCommitted(new Offset(produced.Offset + 1), produced.Epoch);
            if (verdict == CommitVerdict.Waiting)
            {
                continue;
            }

            _waiting.RemoveAt(i);
            if (verdict == CommitVerdict.Committed)
            {
                Witness.Look(_world.ReplicasOf(_index));
                Witness.Acked(produced.Producer, produced.Sequence, produced.Offset);
            }

            produced.Respond(
                verdict switch
                {
                    CommitVerdict.Committed => ErrorCode.None,
                    CommitVerdict.TooFewInSync => ErrorCode.NotEnoughReplicasAfterAppend,
                    _ => ErrorCode.NotLeaderOrFollower,
                }
            );
        }
    }

    private void Flush()
    {
        DataLog log = Replica.Log;
        if (_flushing || !log.IsDirty)
        {
            return;
        }

        _flushing = true;
        int end = log.End;
        int generation = log.Generation;
        _node.Later(
            _world.DiskDelay(),
            () =>
            {
                _flushing = false;
                Replica.Flushed(_world.NowMs, end, generation);
                Settle();
            }
        );
    }

    // The follower's side.

    private void Fetch()
    {
        if (_fetching || Replica.NextFetch() is not { } position || Replica.Core.Role is not PartitionFollowerRole follower)
        {
            return;
        }

        _fetching = true;
        CoreNode leader = _world.Node(follower.Leader);
        var replica = new FetchingReplica(_node.Id, _node.RegisteredAs, Offset.Zero);
        Offset known = Replica.Core.HighWatermark;
        _world.Call<DataResponse>(
            _node,
            leader,
            FetchTimeoutMs,
            (target, response) => target.Partitions[_index].Serve(replica, position, known, response),
            response =>
            {
                _fetching = false;
                FollowerStepKind step = response is null ? FollowerStepKind.BackOff : Replica.Take(_world.NowMs, response);
                if (step is FollowerStepKind.BackOff or FollowerStepKind.AwaitMetadata or FollowerStepKind.AskLogStart)
                {
                    _fetching = true;
                    _node.Later(
                        BackOffMs,
                        () =>
                        {
                            _fetching = false;
                            Settle();
                        }
                    );
                }

                Settle();
            }
        );
    }

    private void Serve(in FetchingReplica follower, FetchPosition position, Offset known, Action<DataResponse?> response)
    {
        DataResponse first = Replica.Serve(_world.NowMs, follower.Node, follower.Epoch, position, _world.Options.MostEntries);
        Settle();
        if (HasUpdates(first, known))
        {
            response(first);
            return;
        }

        var waiting = new WaitingFetch(position, known, response);
        _fetches.Add(waiting);
        _node.Later(
            FetchWaitMs,
            () =>
            {
                if (_fetches.Remove(waiting))
                {
                    response(Replica.ServeAgain(waiting.Position, _world.Options.MostEntries));
                }
            }
        );
    }

    private void ServeWaiting()
    {
        (int, Offset, PartitionRole) now = (Replica.Log.End, Replica.Core.HighWatermark, Replica.Core.Role);
        if (_fetches.Count == 0 || now == _served)
        {
            return;
        }

        _served = now;
        for (int i = _fetches.Count - 1; i >= 0; i--)
        {
            WaitingFetch waiting = _fetches[i];
            DataResponse again = Replica.ServeAgain(waiting.Position, _world.Options.MostEntries);
            if (HasUpdates(again, waiting.Known))
            {
                _fetches.RemoveAt(i);
                waiting.Respond(again);
            }
        }
    }

    private static bool HasUpdates(DataResponse response, Offset known) =>
        response.Entries.Length > 0
        || response.Response.Error != ErrorCode.None
        || response.Response.Diverging is not null
        || response.Response.HighWatermark > known;

    // The leader's side.

    /// <summary>The controller has answered a proposal, or has not in time.</summary>
    public void OnResponse(IsrProposal proposal, IsrResponse response)
    {
        Replica.OnResponse(_world.NowMs, proposal, response);
        Settle();
    }

    private sealed record WaitingFetch(FetchPosition Position, Offset Known, Action<DataResponse?> Respond);

    private readonly record struct Produced(int Producer, int Sequence, int Offset, LeaderEpoch Epoch, Action<ErrorCode> Respond);
}
