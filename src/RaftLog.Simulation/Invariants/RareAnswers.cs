using RaftLog.Protocol;
using RaftLog.Protocol.Messages;

namespace RaftLog.Simulation;

/// <summary>
/// Counts answers that only races and faults bring about: proof that the seeds reach the corners of the protocol. What is counted here is at zero from the
/// beginning, so that a corner that no seed reaches is seen.
/// </summary>
internal sealed class RareAnswers
{
    private const string TooFew = "sometimes: records refused, too few in sync";
    private const string OtherLeadership = "sometimes: fetches of another leadership refused";
    private const string Diverging = "sometimes: followers told that they diverge";
    private const string DivergingVoter = "sometimes: replicas of the quorum told that they diverge";
    private const string IsrRefused = "sometimes: changes of an in-sync set refused";
    private const string PreVoteRefused = "sometimes: pre-votes refused";
    private const string VoteRefused = "sometimes: votes refused";

    private readonly SortedDictionary<string, long> _counts = new(StringComparer.Ordinal)
    {
        [TooFew] = 0, [OtherLeadership] = 0, [Diverging] = 0, [DivergingVoter] = 0, [IsrRefused] = 0,
        [PreVoteRefused] = 0, [VoteRefused] = 0,
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
        Count(isPreVote ? PreVoteRefused : VoteRefused, response.Topics.Exists(topic => topic.Partitions.Exists(each => !each.VoteGranted)));
    }

    internal void Changed(AlterPartitionResponse response) =>
        Count(IsrRefused, response.Topics.Exists(topic => topic.Partitions.Exists(each => each.ErrorCode != ErrorCode.None)));

    private void Count(string what, bool happened) => _counts[what] += happened ? 1 : 0;
}
