using RaftLog.Metadata;
using RaftLog.Protocol;
using RaftLog.Protocol.Messages;
using RaftLog.Replication;

namespace RaftLog.Simulation.Cores;

/// <summary>
/// Takes one node's proposals of in-sync sets to the controller, all that have gathered while one request was under way in the next, as the
/// shipped node does; the latest of each partition. The end of each is heard once: the response, or after a while that there was none.
/// </summary>
internal sealed class CoreProposals(CoreNode node)
{
    private Dictionary<CorePartition, IsrProposal> _gathered = [];
    private bool _isSending;

    /// <summary>A new incarnation begins, which has proposed nothing.</summary>
    public void Start()
    {
        _gathered.Clear();
        _isSending = false;
    }

    public void Add(CorePartition partition, IsrProposal proposal)
    {
        _gathered[partition] = proposal;
        if (!_isSending)
        {
            _isSending = true;
            node.Later(0, Send);
        }
    }

    private void Send()
    {
        Dictionary<CorePartition, IsrProposal> batch = _gathered;
        _gathered = [];
        if (batch.Count == 0 || !node.Replayer.Image.Topics.TryGet(CoreWorld.Topic, out TopicImage? topic))
        {
            _isSending = false;
            return;
        }

        AlterPartitionRequest request = new() { BrokerId = node.Id, BrokerEpoch = node.RegisteredAs };
        AlterPartitionRequest.TopicData asked = new() { TopicId = topic.Id };
        asked.Partitions.AddRange(batch.Select(each => Wanted(each.Key.Index, each.Value)));
        request.Topics.Add(asked);
        node.AskController(
            (controller, _, _) => controller.AlterPartition(request),
            response =>
            {
                foreach ((CorePartition partition, IsrProposal proposal) in batch)
                {
                    partition.OnResponse(proposal, ResponseTo(partition.Index, response));
                }

                Send();
            }
        );
    }

    private static AlterPartitionRequest.PartitionData Wanted(int index, IsrProposal proposal)
    {
        AlterPartitionRequest.PartitionData wanted = new()
        {
            PartitionIndex = index,
            LeaderEpoch = proposal.LeaderEpoch,
            PartitionEpoch = proposal.PartitionEpoch,
        };
        for (int i = 0; i < proposal.InSync.Count; i++)
        {
            wanted.NewIsrWithEpochs.Add(new() { BrokerId = proposal.InSync.Nodes[i], BrokerEpoch = proposal.BrokerEpochs[i] });
        }

        return wanted;
    }

    private static IsrResponse ResponseTo(int index, AlterPartitionResponse? response)
    {
        if (response is not { ErrorCode: ErrorCode.None })
        {
            return IsrResponse.Failed(response?.ErrorCode ?? ErrorCode.RequestTimedOut);
        }

        return response.Topics.SelectMany(static each => each.Partitions).FirstOrDefault(each => each.PartitionIndex == index) is { } one
            ? new IsrResponse(one.ErrorCode, one.LeaderEpoch, one.PartitionEpoch, NodeSet.Of([.. one.Isr]))
            : IsrResponse.Failed(ErrorCode.UnknownServerError);
    }
}
