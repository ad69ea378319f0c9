using System.Text.Json;
using RaftLog.Protocol;
using RaftLog.Protocol.Messages;

namespace RaftLog.Simulation;

/// <summary>
/// The quorum's promises: a vote, an epoch and a leadership are in the disk image before a word of them leaves the machine; one vote and
/// one leader an epoch; whatever any node believes is in the disk images of a majority.
/// </summary>
internal sealed class QuorumWatch(SimCluster cluster, DiskImages images)
{
    private const string StateFile = "quorum-state";
    private static readonly TopicPartition Log = new("__cluster_metadata", 0);
    private static readonly State NoState = new(0, -1, -1);

    private readonly Dictionary<int, (SimInode File, long Version, State State)> _states = [];
    private readonly SortedDictionary<(int Epoch, int Voter), int> _votes = [];
    private readonly SortedDictionary<int, int> _leaders = [];
    private readonly Dictionary<int, Offset> _lost = [];

    private readonly Dictionary<int, long> _begunUs = [];
    private int _newestEpoch;

    /// <summary>When the first word of a leadership left its leader; null before that.</summary>
    internal long? BegunUs(LeaderEpoch epoch) => _begunUs.TryGetValue(epoch.Value, out long at) ? at : null;

    /// <summary>
    /// The leader of the newest leadership that anybody was told of, or the only voter, which tells nobody; 0 before the first.
    /// </summary>
    internal int NewestLeader { get; private set; } = cluster.Voters.Count() == 1 ? cluster.Voters.Single().Number : 0;

    /// <summary>True for the leader of the newest leadership that anybody was told of.</summary>
    internal bool IsNewestLeader(int node) => node == NewestLeader;

    /// <summary>
    /// True for one whom a majority has elected after the newest leadership whose first word has left: where all others were down since, it
    /// could tell nobody that it leads.
    /// </summary>
    internal bool IsElectedSince(int node) =>
        _votes
            .Where(each => each.Key.Epoch > _newestEpoch && each.Value == node)
            .GroupBy(static each => each.Key.Epoch)
            .Any(each => each.Count() * 2 > cluster.Voters.Count());

    /// <summary>When the first word of the newest leadership left its leader.</summary>
    internal long NewestBegunUs { get; private set; }

    /// <summary>How many leaderships of the quorum began.</summary>
    internal int Leaderships => _leaders.Count;

    /// <summary>How many votes, epochs and leaderships were looked up in a disk image.</summary>
    internal long Checks { get; private set; }

    /// <summary>The end of what a majority is known to have.</summary>
    internal Offset Committed { get; private set; }

    internal void VoteRequestLeaves(int from, VoteRequest request)
    {
        foreach (VoteRequest.PartitionData each in request.Topics.SelectMany(topic => topic.Partitions).Where(each => !each.PreVote))
        {
            NoteVote(each.ReplicaEpoch.Value, from, each.ReplicaId.Value);
            RequireVote(from, each.ReplicaEpoch.Value, each.ReplicaId.Value, "stands for election");
        }
    }

    internal void VoteLeaves(int from, VoteRequest request, VoteResponse response)
    {
        List<VoteRequest.PartitionData> asked = [.. request.Topics.SelectMany(topic => topic.Partitions)];
        List<VoteResponse.PartitionData> votes = [.. response.Topics.SelectMany(topic => topic.Partitions)];
        for (int i = 0; i < Math.Min(asked.Count, votes.Count); i++)
        {
            RequireEpoch(from, votes[i].LeaderEpoch.Value, "answers a vote in");
            if (votes[i].VoteGranted && !asked[i].PreVote)
            {
                NoteVote(asked[i].ReplicaEpoch.Value, from, asked[i].ReplicaId.Value);
                RequireVote(from, asked[i].ReplicaEpoch.Value, asked[i].ReplicaId.Value, "votes");
            }
        }
    }

    internal void BeginLeaves(int from, BeginQuorumEpochRequest request)
    {
        foreach (BeginQuorumEpochRequest.PartitionData each in request.Topics.SelectMany(topic => topic.Partitions))
        {
            RequireEpoch(from, each.LeaderEpoch.Value, "leads the quorum in");
            if (_begunUs.TryAdd(each.LeaderEpoch.Value, cluster.Scheduler.NowUs) && each.LeaderEpoch.Value > _newestEpoch)
            {
                (_newestEpoch, NewestLeader, NewestBegunUs) = (each.LeaderEpoch.Value, each.LeaderId.Value, cluster.Scheduler.NowUs);
            }

            if (!_leaders.TryAdd(each.LeaderEpoch.Value, each.LeaderId.Value) && _leaders[each.LeaderEpoch.Value] != each.LeaderId.Value)
            {
                Fail(
                    "one-leader",
                    $"the quorum had two leaders in epoch {each.LeaderEpoch}: nodes {_leaders[each.LeaderEpoch.Value]} and {each.LeaderId}"
                );
            }
        }
    }

    internal void FetchLeaves(int from, FetchRequest.FetchPartition fetch)
    {
        RequireEpoch(from, fetch.CurrentLeaderEpoch.Value, "fetches the metadata log in");
        if (cluster.IsVoter(from) && !images.Covers(from, Log, fetch.FetchOffset))
        {
            Fail(
                "flushed-fetch",
                $"n{from} fetches the metadata log from {fetch.FetchOffset}, and its disk image ends at {images.Of(from, Log).End}"
            );
        }
    }

    /// <summary>A machine is about to lose its disk. What that disk holds now made commits that others may hear of only later.</summary>
    internal void DiskGoes(int machine) => _lost[machine] = Offset.Max(images.Of(machine, Log).End, images.SnapshotEnd(machine));

    /// <summary>
    /// A node believes the metadata log up to an offset: then a majority must have it, or have had it on a disk that was lost.
    /// </summary>
    internal void Believed(int by, Offset end, string how)
    {
        if (end <= Committed)
        {
            return;
        }

        ReplicaImage own = images.Of(by, Log);
        int have = 0;
        bool known = own.TryFind(end - 1, out ImageBatch last);
        int voters = 0;
        foreach (SimMachine machine in cluster.Voters)
        {
            voters++;
            ReplicaImage image = images.Of(machine.Number, Log);
            bool has = known ? image.TryFind(end - 1, out ImageBatch other) && other == last : image.End >= end;
            bool had = _lost.TryGetValue(machine.Number, out Offset lost) && lost >= end;
            have += has || had || images.SnapshotEnd(machine.Number) >= end ? 1 : 0;
        }

        Checks++;
        if (have * 2 <= voters)
        {
            Fail("majority", $"n{by} {how} the metadata log up to {end}, and only {have} of {voters} disk images have that");
        }

        Committed = end;
    }

    private void NoteVote(int epoch, int voter, int candidate)
    {
        if (!_votes.TryAdd((epoch, voter), candidate) && _votes[(epoch, voter)] != candidate)
        {
            Fail("one-vote", $"n{voter} voted for {_votes[(epoch, voter)]} and for {candidate} in epoch {epoch}");
        }
    }

    private void RequireVote(int voter, int epoch, int candidate, string what)
    {
        Checks++;
        State state = StateOf(voter);
        // A later epoch, or a known leader of this one, lets a restarted node vote for nobody else either.
        if (state.Epoch < epoch || (state.Epoch == epoch && state.Voted != candidate && state.Leader < 0))
        {
            Fail("vote-on-disk", $"n{voter} {what}, for {candidate} in epoch {epoch}, and its disk image says {state}");
        }
    }

    private void RequireEpoch(int node, int epoch, string what)
    {
        if (epoch <= 0 || !cluster.IsNode(node))
        {
            return;
        }

        Checks++;
        State state = StateOf(node);
        if (state.Epoch < epoch)
        {
            Fail("epoch-on-disk", $"n{node} {what} epoch {epoch}, and its disk image says {state}");
        }
    }

    private State StateOf(int node)
    {
        SimVolume volume = cluster.Machine(node).Volume;
        if (volume.Find($"{SimCluster.LogDirectory}/{Log}/{StateFile}", durable: true) is not SimInode file)
        {
            return NoState;
        }

        if (
            !_states.TryGetValue(node, out (SimInode File, long Version, State State) known)
            || known.File != file
            || known.Version != file.Durable.Version
        )
        {
            known = (file, file.Durable.Version, Parse(file.Durable.Span));
            _states[node] = known;
        }

        return known.State;
    }

    private static State Parse(ReadOnlySpan<byte> bytes)
    {
        try
        {
            using JsonDocument json = JsonDocument.Parse(bytes.ToArray());
            return new State(
                json.RootElement.GetProperty("leaderEpoch").GetInt32(),
                json.RootElement.GetProperty("leaderId").GetInt32(),
                json.RootElement.GetProperty("votedId").GetInt32()
            );
        }
        catch (JsonException)
        {
            return NoState;
        }
    }

    private void Fail(string invariant, string what) => cluster.Scheduler.Fail($"{invariant}: {what}");

    private sealed record State(int Epoch, int Leader, int Voted)
    {
        public override string ToString() => $"epoch {Epoch}, leader {Leader}, voted for {Voted}";
    }
}
