using RaftLog.Protocol;

namespace RaftLog.Replication.Tests.Model;

/// <summary>A leader's answer on its way to a follower.</summary>
internal sealed record ModelAnswer(FetchAnswer Answer, Entry[] Entries);

/// <summary>One node's replica: the shipped core and a model log, wired as the shell wires them.</summary>
internal sealed class ModelReplica
{
    private readonly ReplicationTuning _tuning;
    private Offset _checkpoint;

    public ModelReplica(int node, ReplicationTuning tuning)
    {
        Node = new NodeId(node);
        _tuning = tuning;
        Core = new PartitionReplica(Node, Log.Extent, Offset.Zero, tuning);
    }

    public NodeId Node { get; }

    public ModelLog Log { get; } = new();

    public PartitionReplica Core { get; private set; }

    public BrokerEpoch RegisteredAs { get; set; } = BrokerEpoch.None;

    public bool Leads => Core.Role is LeaderRole;

    /// <summary>Called before a cut, with the offset: where a test looks at what is about to be lost.</summary>
    public Action<int>? BeforeTruncation { get; set; }

    public Action<Entry, int>? AfterAppend { get; set; }

    public Action<PartitionEffects>? OnEffects { get; set; }

    /// <summary>The process dies with its power; starts again with what the disk kept, unregistered.</summary>
    public void CrashAndRestart(int survivingUnflushed)
    {
        Log.LoseUnflushed(survivingUnflushed);
        RegisteredAs = BrokerEpoch.None;
        Core = new PartitionReplica(Node, Log.Extent, _checkpoint, _tuning);
    }

    public void CheckpointHighWatermark() => _checkpoint = Core.HighWatermark;

    public PartitionEffects Apply(long nowMs, PartitionState state) => Did(Core.Apply(nowMs, state, RegisteredAs, Log));

    public ErrorCode Append(long nowMs, int producer, int sequence)
    {
        ErrorCode error = Core.MayAppend(RequiredAcks.All);
        if (error == ErrorCode.None)
        {
            var entry = new Entry(Core.Role.Epoch.Value, producer, sequence);
            Log.Append(entry);
            AfterAppend?.Invoke(entry, Log.End - 1);
            Moved(nowMs);
        }

        return error;
    }

    public void Flush(long nowMs) => Flushed(nowMs, Log.End, Log.Generation);

    public void Flushed(long nowMs, int end, int generation)
    {
        Log.Flushed(end, generation);
        Moved(nowMs);
    }

    public FetchPosition? NextFetch() => Core.NextFetch(Log);

    public ModelAnswer Serve(long nowMs, NodeId follower, BrokerEpoch epoch, FetchPosition fetch, int mostEntries)
    {
        Did(Core.FollowerFetched(nowMs, new FetchingReplica(follower, epoch, Offset.Zero), fetch, Log, out FetchVerdict verdict));
        if (!verdict.MayRead)
        {
            return new ModelAnswer(new FetchAnswer(fetch, verdict.Error, verdict.Diverging, Core.HighWatermark, Offset.Zero), []);
        }

        int from = (int)fetch.FetchOffset.Value;
        int count = Math.Min(mostEntries, (int)verdict.Limit.Value - from);
        var entries = new Entry[count];
        for (int i = 0; i < count; i++)
        {
            entries[i] = Log[from + i];
        }

        return new ModelAnswer(new FetchAnswer(fetch, ErrorCode.None, null, Core.HighWatermark, Offset.Zero), entries);
    }

    public FollowerStepKind Take(long nowMs, ModelAnswer answer)
    {
        FollowerStep step = Core.FetchAnswered(answer.Answer, Log);
        switch (step.Kind)
        {
            case FollowerStepKind.Append:
                foreach (Entry entry in answer.Entries)
                {
                    Log.Append(entry);
                    AfterAppend?.Invoke(entry, Log.End - 1);
                }

                Moved(nowMs);
                break;

            case FollowerStepKind.Truncate:
                BeforeTruncation?.Invoke((int)step.To.Value);
                Log.Truncate((int)step.To.Value);
                Moved(nowMs);
                break;
        }

        return step.Kind;
    }

    /// <summary>Fetches until nothing more comes: every round flushed, as if nothing else went on. The kinds of steps, in order.</summary>
    public List<FollowerStepKind> CatchUp(long nowMs, ModelReplica leader)
    {
        var steps = new List<FollowerStepKind>();
        for (int round = 0; round < 20; round++)
        {
            Flush(nowMs);
            if (NextFetch() is not { } fetch)
            {
                break;
            }

            ModelAnswer answer = leader.Serve(nowMs, Node, RegisteredAs, fetch, 100);
            FollowerStepKind step = Take(nowMs, answer);
            steps.Add(step);
            if (step != FollowerStepKind.Truncate && answer.Entries.Length == 0)
            {
                break;
            }
        }

        return steps;
    }

    public PartitionEffects Tick(long nowMs) => Did(Core.Tick(nowMs));

    public PartitionEffects Answered(long nowMs, IsrProposal proposal, IsrAnswer answer) => Did(Core.ProposalAnswered(nowMs, proposal, answer));

    private void Moved(long nowMs) => Did(Core.LogMoved(nowMs, Log.Extent));

    private PartitionEffects Did(PartitionEffects effects)
    {
        OnEffects?.Invoke(effects);
        return effects;
    }
}
