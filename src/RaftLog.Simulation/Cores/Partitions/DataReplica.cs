using RaftLog.Protocol;
using RaftLog.Replication;

namespace RaftLog.Simulation.Cores;

/// <summary>A leader's response on its way to a follower.</summary>
internal sealed record DataResponse(FollowerFetchResult Response, DataEntry[] Entries);

/// <summary>One node's replica: the shipped core and a model log, wired as the shell wires them.</summary>
internal sealed class DataReplica
{
    private readonly ReplicationTuning _tuning;
    private Offset _checkpoint;

    public DataReplica(int node, ReplicationTuning tuning, bool flushesEachAppend = true)
    {
        Node = new NodeId(node);
        Log = new DataLog(flushesEachAppend);
        _tuning = tuning;
        Core = new PartitionReplica(Node, Log.Extent, Offset.Zero, tuning);
    }

    public NodeId Node { get; }

    public DataLog Log { get; }

    public PartitionReplica Core { get; private set; }

    public BrokerEpoch RegisteredAs { get; set; } = BrokerEpoch.None;

    public bool Leads => Core.Role is PartitionLeaderRole;

    /// <summary>Called before a cut, with the offset: where a test looks at what is about to be lost.</summary>
    public Action<int>? BeforeTruncation { get; set; }

    public Action<DataEntry, int>? AfterAppend { get; set; }

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
            var entry = new DataEntry(Core.Role.Epoch.Value, producer, sequence);
            Log.Append(entry);
            AfterAppend?.Invoke(entry, Log.End - 1);
            OnLogChanged(nowMs);
        }

        return error;
    }

    public void Flush(long nowMs) => Flushed(nowMs, Log.End, Log.Generation);

    public void Flushed(long nowMs, int end, int generation)
    {
        Log.Flushed(end, generation);
        OnLogChanged(nowMs);
    }

    public FetchPosition? NextFetch() => Core.NextFetch(Log);

    public DataResponse Serve(long nowMs, NodeId follower, BrokerEpoch epoch, FetchPosition fetch, int mostEntries)
    {
        Did(Core.FollowerFetched(nowMs, new FetchingReplica(follower, epoch, Offset.Zero), fetch, Log, out FetchVerdict verdict));
        return Respond(verdict, fetch, mostEntries);
    }

    /// <summary>Looks again at a fetch that waits.</summary>
    public DataResponse ServeAgain(FetchPosition fetch, int mostEntries) => Respond(Core.RepeatedFetch(fetch, Log), fetch, mostEntries);

    /// <summary>The records that a verdict lets a reader have.</summary>
    public DataEntry[] Read(in FetchVerdict verdict, int from, int mostEntries)
    {
        var entries = new DataEntry[Math.Min(mostEntries, (int)verdict.Limit.Value - from)];
        for (int i = 0; i < entries.Length; i++)
        {
            entries[i] = Log[from + i];
        }

        return entries;
    }

    public FollowerStepKind Take(long nowMs, DataResponse response)
    {
        FollowerStep step = Core.OnFetchResponse(response.Response, Log);
        switch (step.Kind)
        {
            case FollowerStepKind.Append:
                foreach (DataEntry entry in response.Entries)
                {
                    Log.Append(entry);
                    AfterAppend?.Invoke(entry, Log.End - 1);
                }

                OnLogChanged(nowMs);
                break;

            case FollowerStepKind.Truncate:
                BeforeTruncation?.Invoke((int)step.To.Value);
                Log.Truncate((int)step.To.Value);
                OnLogChanged(nowMs);
                break;
        }

        return step.Kind;
    }

    /// <summary>Fetches until nothing more comes: every round flushed, as if nothing else went on. The kinds of steps, in order.</summary>
    public List<FollowerStepKind> CatchUp(long nowMs, DataReplica leader)
    {
        var steps = new List<FollowerStepKind>();
        for (int round = 0; round < 20; round++)
        {
            Flush(nowMs);
            if (NextFetch() is not { } fetch)
            {
                break;
            }

            DataResponse response = leader.Serve(nowMs, Node, RegisteredAs, fetch, 100);
            FollowerStepKind step = Take(nowMs, response);
            steps.Add(step);
            if (step != FollowerStepKind.Truncate && response.Entries.Length == 0)
            {
                break;
            }
        }

        return steps;
    }

    public PartitionEffects Tick(long nowMs) => Did(Core.Tick(nowMs));

    public PartitionEffects OnResponse(long nowMs, IsrProposal proposal, IsrResponse response) =>
        Did(Core.OnProposalResponse(nowMs, proposal, response));

    private void OnLogChanged(long nowMs) => Did(Core.OnLogChanged(nowMs, Log.Extent));

    private DataResponse Respond(in FetchVerdict verdict, FetchPosition fetch, int mostEntries) =>
        verdict.MayRead
            ? new DataResponse(
                new FollowerFetchResult(fetch, ErrorCode.None, null, Core.HighWatermark, Offset.Zero),
                Read(verdict, (int)fetch.FetchOffset.Value, mostEntries)
            )
            : new DataResponse(new FollowerFetchResult(fetch, verdict.Error, verdict.Diverging, Core.HighWatermark, Offset.Zero), []);

    private PartitionEffects Did(PartitionEffects effects)
    {
        OnEffects?.Invoke(effects);
        return effects;
    }
}
