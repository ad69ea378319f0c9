using RaftLog.Broker.Partitions;
using RaftLog.Platform.Waiting;
using RaftLog.Protocol;
using RaftLog.Protocol.Messages;
using RaftLog.Replication;

namespace RaftLog.Broker.Cluster;

/// <summary>
/// Takes proposals of in-sync sets to the controller, all that have gathered while one request was under way in the next (AlterPartition,
/// KIP-497). A request names a partition once: what a leader proposes next takes the place of what it has proposed and has not left yet.
/// </summary>
internal sealed class IsrProposals(
    NodeId self,
    Func<BrokerEpoch> epoch,
    IControllerChannel controller,
    TimeSpan timeout,
    AsyncSignal signal
) : IIsrProposals
{
    private readonly Lock _gate = new();
    private Dictionary<Partition, IsrProposal> _gathered = [];

    /// <inheritdoc />
    public void Send(Partition partition, IsrProposal proposal)
    {
        lock (_gate)
        {
            _gathered[partition] = proposal;
        }

        signal.Set();
    }

    /// <summary>Sends until stopped.</summary>
    public async Task RunAsync()
    {
        while (await signal.WaitAsync() != WaitOutcome.Closed)
        {
            Dictionary<Partition, IsrProposal> batch = Take();
            if (batch.Count > 0)
            {
                Respond(batch, await controller.SendAsync(RequestFor(batch), timeout));
            }
        }
    }

    /// <summary>Ends the loop.</summary>
    public void Stop() => signal.Close();

    private Dictionary<Partition, IsrProposal> Take()
    {
        lock (_gate)
        {
            Dictionary<Partition, IsrProposal> batch = _gathered;
            _gathered = [];
            return batch;
        }
    }

    private AlterPartitionRequest RequestFor(Dictionary<Partition, IsrProposal> batch)
    {
        AlterPartitionRequest request = new() { BrokerId = self, BrokerEpoch = epoch() };
        foreach (IGrouping<Uuid, KeyValuePair<Partition, IsrProposal>> topic in batch.GroupBy(each => each.Key.Id.TopicId))
        {
            AlterPartitionRequest.TopicData asked = new() { TopicId = topic.Key };
            request.Topics.Add(asked);
            foreach ((Partition partition, IsrProposal proposal) in topic)
            {
                asked.Partitions.Add(
                    new()
                    {
                        PartitionIndex = partition.Id.Partition,
                        LeaderEpoch = proposal.LeaderEpoch,
                        PartitionEpoch = proposal.PartitionEpoch,
                        NewIsrWithEpochs = MembersOf(proposal),
                    }
                );
            }
        }

        return request;
    }

    private static List<AlterPartitionRequest.BrokerState> MembersOf(IsrProposal proposal)
    {
        List<AlterPartitionRequest.BrokerState> members = [];
        foreach (NodeId node in proposal.InSync.Nodes)
        {
            members.Add(new() { BrokerId = node, BrokerEpoch = proposal.BrokerEpochs[members.Count] });
        }

        return members;
    }

    private static void Respond(Dictionary<Partition, IsrProposal> batch, AlterPartitionResponse? response)
    {
        Dictionary<TopicIdPartition, IsrResponse> responses = [];
        if (response is { ErrorCode: ErrorCode.None })
        {
            foreach (AlterPartitionResponse.TopicData topic in response.Topics)
            {
                foreach (AlterPartitionResponse.PartitionData partition in topic.Partitions)
                {
                    responses[new TopicIdPartition(topic.TopicId, partition.PartitionIndex)] = new IsrResponse(
                        partition.ErrorCode,
                        partition.LeaderEpoch,
                        partition.PartitionEpoch,
                        NodeSet.Of([.. partition.Isr])
                    );
                }
            }
        }

        IsrResponse whole = IsrResponse.Failed(response?.ErrorCode is { } error and not ErrorCode.None ? error : ErrorCode.RequestTimedOut);
        WakeList wakes = new();
        foreach ((Partition partition, IsrProposal proposal) in batch)
        {
            partition.OnProposalResponse(proposal, responses.GetValueOrDefault(partition.Id, whole), wakes);
        }

        wakes.WakeAll();
    }
}
