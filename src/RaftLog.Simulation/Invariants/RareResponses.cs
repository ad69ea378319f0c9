using RaftLog.Protocol;
using RaftLog.Protocol.Messages;

namespace RaftLog.Simulation;

/// <summary>
/// Counts answers that only races and faults bring about: proof that the seeds reach the corners of the protocol. What is counted here is
/// at zero from the beginning, so that a corner that no seed reaches is seen.
/// </summary>
internal sealed class RareResponses
{
    private const string TooFew = "sometimes: records rejected, too few in sync";
    private const string OtherLeadership = "sometimes: fetches of another leadership rejected";
    private const string Diverging = "sometimes: followers told that they diverge";
    private const string DivergingVoter = "sometimes: replicas of the quorum told that they diverge";
    private const string IsrRejected = "sometimes: changes of an in-sync set rejected";
    private const string PreVoteRejected = "sometimes: pre-votes rejected";
    private const string VoteRejected = "sometimes: votes rejected";

    private readonly SortedDictionary<string, long> _counts = new(StringComparer.Ordinal)
    {
        [TooFew] = 0,
        [OtherLeadership] = 0,
        [Diverging] = 0,
        [DivergingVoter] = 0,
        [IsrRejected] = 0,
        [PreVoteRejected] = 0,
        [VoteRejected] = 0,
    };

    internal IReadOnlyDictionary<string, long> Counts => _counts;

    internal void Produced(ProduceResponse response)
    {
        foreach (ProduceResponse.PartitionProduceResponse each in response.Responses.SelectMany(topic => topic.PartitionResponses))
        {
            Count(TooFew, each.ErrorCode == ErrorCode.NotEnoughReplicas);
        }
    }

    internal void Fetched(FetchResponse response)
    {
        foreach (FetchResponse.FetchableTopicResponse topic in response.Responses)
        {
            string diverging = topic.TopicId == Uuid.ClusterMetadata || topic.Topic == "__cluster_metadata" ? DivergingVoter : Diverging;
            foreach (FetchResponse.PartitionData each in topic.Partitions)
            {
                Count(OtherLeadership, each.ErrorCode is ErrorCode.FencedLeaderEpoch or ErrorCode.UnknownLeaderEpoch);
                Count(diverging, each.DivergingEpoch.EndOffset >= Offset.Zero);
            }
        }
    }

    internal void Voted(VoteRequest request, VoteResponse response)
    {
        bool isPreVote = request.Topics.Exists(topic => topic.Partitions.Exists(each => each.PreVote));
        Count(
            isPreVote ? PreVoteRejected : VoteRejected,
            response.Topics.Exists(topic => topic.Partitions.Exists(each => !each.VoteGranted))
        );
    }

    internal void Changed(AlterPartitionResponse response) =>
        Count(IsrRejected, response.Topics.Exists(topic => topic.Partitions.Exists(each => each.ErrorCode != ErrorCode.None)));

    private void Count(string what, bool happened) => _counts[what] += happened ? 1 : 0;
}
