using RaftLog.Protocol;
using RaftLog.Protocol.Messages;

namespace RaftLog.Metadata.Tests;

public class AlterPartitionTests
{
    [Fact]
    public void Errors_win_in_the_order_of_the_checks()
    {
        Cluster cluster = new Cluster().WithBrokers(4);
        cluster.Assign("t", [0, 1, 2]);
        cluster.Propose("t", 0, [0, 1]);
        cluster.Do(
            cluster.Controller.Heartbeat(
                new BrokerHeartbeatRequest
                {
                    BrokerId = new NodeId(2),
                    BrokerEpoch = cluster.EpochOf(2),
                    WantFence = true,
                },
                cluster.NextOffset,
                cluster.NowMs
            )
        );

        // Each step breaks one thing more, from the last check to the first: the new error must win over all that were broken before it.
        (ErrorCode Error, Action<AlterPartitionRequest, AlterPartitionRequest.PartitionData> Break)[] steps =
        [
            (
                ErrorCode.IneligibleReplica,
                (_, data) => data.NewIsrWithEpochs.Add(new() { BrokerId = new NodeId(2), BrokerEpoch = cluster.EpochOf(2) })
            ),
            (ErrorCode.InvalidRequest, (_, data) => data.LeaderRecoveryState = 1),
            (ErrorCode.InvalidRequest, (_, data) => data.NewIsrWithEpochs.RemoveAll(each => each.BrokerId.Value == 0)),
            (ErrorCode.InvalidUpdateVersion, (_, data) => data.PartitionEpoch = new PartitionEpoch(data.PartitionEpoch.Value - 1)),
            (ErrorCode.InvalidRequest, (request, _) => (request.BrokerId, request.BrokerEpoch) = (new NodeId(1), cluster.EpochOf(1))),
            (ErrorCode.FencedLeaderEpoch, (_, data) => data.LeaderEpoch = new LeaderEpoch(data.LeaderEpoch.Value - 1)),
            (ErrorCode.NotController, (_, data) => data.PartitionEpoch = new PartitionEpoch(data.PartitionEpoch.Value + 2)),
            (ErrorCode.UnknownTopicOrPartition, (_, data) => data.PartitionIndex = 7),
            (ErrorCode.UnknownTopicId, (request, _) => request.Topics[0].TopicId = new Uuid(1, 2)),
        ];
        List<Action<AlterPartitionRequest, AlterPartitionRequest.PartitionData>> broken = [];
        foreach (var step in steps)
        {
            broken.Add(step.Break);
            AlterPartitionResponse response = cluster.Propose(
                "t",
                0,
                [0, 1],
                request => broken.ForEach(each => each(request, request.Topics[0].Partitions[0]))
            );
            Assert.Equal(ErrorCode.None, response.ErrorCode);
            Assert.Equal(step.Error, response.Topics[0].Partitions[0].ErrorCode);
        }

        broken.Add((request, _) => request.BrokerEpoch = new BrokerEpoch(request.BrokerEpoch.Value + 1));
        AlterPartitionResponse stale = cluster.Propose(
            "t",
            0,
            [0, 1],
            request => broken.ForEach(each => each(request, request.Topics[0].Partitions[0]))
        );
        Assert.Equal(ErrorCode.StaleBrokerEpoch, stale.ErrorCode);
        Assert.Empty(stale.Topics);
    }

    [Fact]
    public void Sets_that_cannot_be_are_invalid()
    {
        Cluster cluster = new Cluster().WithBrokers(4);
        cluster.Assign("t", [0, 1, 2]);
        Assert.Equal(ErrorCode.InvalidRequest, Error([]));
        Assert.Equal(ErrorCode.InvalidRequest, Error([1, 2]));
        Assert.Equal(ErrorCode.InvalidRequest, Error([0, 3]));
        Assert.Equal(ErrorCode.InvalidRequest, Error([0, 0]));
        Assert.Equal(ErrorCode.InvalidRequest, Error([0], request => request.Topics[0].Partitions[0].LeaderRecoveryState = 1));
        Assert.Equal(ErrorCode.InvalidRequest, Error([0], request => request.Topics[0].Partitions[0].LeaderRecoveryState = 5));

        ErrorCode Error(int[] isr, Action<AlterPartitionRequest>? but = null) =>
            cluster.Propose("t", 0, isr, but).Topics[0].Partitions[0].ErrorCode;
    }

    [Fact]
    public void Members_must_be_active_and_of_the_epoch_that_the_leader_saw()
    {
        Cluster cluster = new Cluster().WithBrokers(3);
        cluster.Assign("t", [0, 1, 2]);
        cluster.Propose("t", 0, [0]);
        Assert.Equal(ErrorCode.IneligibleReplica, WithEpoch(cluster.EpochOf(1).Value - 1));
        Assert.Equal(ErrorCode.IneligibleReplica, WithEpoch(cluster.EpochOf(1).Value + 1));
        cluster.Assign("other", [1, 0]);
        cluster.Beat(1, wantShutDown: true);
        Assert.True(cluster.Broker(1).InControlledShutdown);
        Assert.Equal(ErrorCode.IneligibleReplica, WithEpoch(cluster.EpochOf(1).Value));

        // An unknown epoch passes (KIP-903).
        Assert.Equal(
            ErrorCode.None,
            cluster
                .Propose("t", 0, [0, 2], request => request.Topics[0].Partitions[0].NewIsrWithEpochs[1].BrokerEpoch = BrokerEpoch.None)
                .Topics[0]
                .Partitions[0]
                .ErrorCode
        );

        ErrorCode WithEpoch(long epoch) =>
            cluster
                .Propose(
                    "t",
                    0,
                    [0, 1],
                    request => request.Topics[0].Partitions[0].NewIsrWithEpochs[1].BrokerEpoch = new BrokerEpoch(epoch)
                )
                .Topics[0]
                .Partitions[0]
                .ErrorCode;
    }

    [Fact]
    public void A_shrink_and_an_expansion_keep_the_leader_epoch()
    {
        Cluster cluster = new Cluster().WithBrokers(3);
        cluster.Assign("t", [0, 1, 2]);
        AlterPartitionResponse.PartitionData shrunk = cluster.Propose("t", 0, [0, 2]).Topics[0].Partitions[0];
        Assert.Equal(ErrorCode.None, shrunk.ErrorCode);
        Assert.Equal(
            (new NodeId(0), LeaderEpoch.Zero, new PartitionEpoch(1)),
            (shrunk.LeaderId, shrunk.LeaderEpoch, shrunk.PartitionEpoch)
        );
        Assert.Equal(Nodes.Of(0, 2).ToList(), shrunk.Isr);
        AlterPartitionResponse.PartitionData grown = cluster.Propose("t", 0, [0, 1, 2]).Topics[0].Partitions[0];
        Assert.Equal((LeaderEpoch.Zero, new PartitionEpoch(2)), (grown.LeaderEpoch, grown.PartitionEpoch));
    }

    [Fact]
    public void Before_level_12_a_shrink_begins_a_new_leader_epoch()
    {
        Cluster cluster = new Cluster(
            options: new ControllerOptions { ClusterId = "cluster", BootstrapVersion = new MetadataVersion(11) }
        ).WithBrokers(2);
        cluster.Assign("t", [0, 1]);
        cluster.Propose("t", 0, [0]);
        Assert.Equal(new LeaderEpoch(1), cluster.Partition("t").LeaderEpoch);
        cluster.Propose("t", 0, [0, 1]);
        Assert.Equal(new LeaderEpoch(1), cluster.Partition("t").LeaderEpoch);
    }

    [Fact]
    public void An_unchanged_set_is_a_success_that_bumps_nothing()
    {
        Cluster cluster = new Cluster().WithBrokers(2);
        cluster.Assign("t", [0, 1]);
        Offset before = cluster.NextOffset;
        AlterPartitionResponse.PartitionData reply = cluster.Propose("t", 0, [1, 0]).Topics[0].Partitions[0];
        Assert.Equal(ErrorCode.None, reply.ErrorCode);
        Assert.Equal(new PartitionEpoch(0), reply.PartitionEpoch);
        Assert.Equal(before, cluster.NextOffset);
    }

    [Fact]
    public void The_same_partition_twice_in_one_request_meets_its_own_first_change()
    {
        Cluster cluster = new Cluster().WithBrokers(2);
        cluster.Assign("t", [0, 1]);
        AlterPartitionResponse response = cluster.Propose("t", 0, [0], request => request.Topics.Add(request.Topics[0]));
        Assert.Equal(ErrorCode.None, response.Topics[0].Partitions[0].ErrorCode);
        Assert.Equal(ErrorCode.InvalidUpdateVersion, response.Topics[1].Partitions[0].ErrorCode);
        Assert.Equal(new PartitionEpoch(1), cluster.Partition("t").PartitionEpoch);
    }

    [Fact]
    public void Eligible_leaders_that_another_controller_left_are_cleared_with_the_first_change()
    {
        Cluster cluster = new Cluster().WithBrokers(3);
        cluster.Assign("t", [0, 1, 2]);
        cluster.Append([
            new RaftLog.Protocol.Metadata.PartitionChangeRecord
            {
                TopicId = cluster.Topic("t").Id,
                PartitionId = 0,
                Isr = [new NodeId(0)],
                EligibleLeaderReplicas = [new NodeId(1)],
                LastKnownElr = [new NodeId(2)],
            },
        ]);
        Assert.Equal(Nodes.Of(1), cluster.Partition("t").EligibleLeaders);
        cluster.Propose("t", 0, [0, 2]);
        Assert.Empty(cluster.Partition("t").EligibleLeaders);
        Assert.Empty(cluster.Partition("t").LastKnownEligible);
    }
}
