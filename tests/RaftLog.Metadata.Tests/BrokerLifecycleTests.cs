using RaftLog.Protocol;
using RaftLog.Protocol.Messages;

namespace RaftLog.Metadata.Tests;

public class BrokerLifecycleTests
{
    [Fact]
    public void A_broker_begins_fenced_with_the_offset_of_its_record_as_epoch()
    {
        Cluster cluster = new();
        Offset expected = cluster.NextOffset;
        BrokerRegistrationResponse response = cluster.Register(cluster.Registration(5));
        Assert.Equal(ErrorCode.None, response.ErrorCode);
        Assert.Equal(expected.Value, response.BrokerEpoch.Value);
        Assert.Equal(response.BrokerEpoch, cluster.Replica.Image.Brokers[new NodeId(5)].Epoch);
        Assert.True(cluster.Broker(5).Fenced);
    }

    [Fact]
    public void Registrations_that_do_not_fit_are_rejected_in_order()
    {
        Cluster cluster = new Cluster().WithBrokers(1);
        Uuid other = new(9, 9);
        Assert.Equal(ErrorCode.InconsistentClusterId, Rejected(request => request.ClusterId = "another"));
        Assert.Equal(ErrorCode.UnsupportedVersion, Rejected(request => request.Features.Clear()));
        Assert.Equal(ErrorCode.UnsupportedVersion, Rejected(request => request.Features[0].MaxSupportedVersion = 29));
        Assert.Equal(ErrorCode.InvalidRegistration, Rejected(request => request.LogDirs.Clear()));
        Assert.Equal(ErrorCode.InvalidRegistration, Rejected(request => request.LogDirs = [other, other]));
        Assert.Equal(ErrorCode.InvalidRegistration, Rejected(request => request.LogDirs = [ReservedDirectories.Lost]));
        Assert.Equal(ErrorCode.InvalidRegistration, Rejected(request => request.LogDirs = [Cluster.Directory(0)]));

        // Each earlier check wins over the later ones.
        Assert.Equal(
            ErrorCode.InconsistentClusterId,
            Rejected(request =>
            {
                request.ClusterId = "another";
                request.Features.Clear();
            })
        );

        ErrorCode Rejected(Action<BrokerRegistrationRequest> but)
        {
            BrokerRegistrationRequest request = cluster.Registration(3);
            but(request);
            ControllerResult<BrokerRegistrationResponse> result = cluster.Controller.RegisterBroker(
                request,
                cluster.NextOffset,
                cluster.NowMs
            );
            Assert.Empty(result.Records);
            return result.Response.ErrorCode;
        }
    }

    [Fact]
    public void A_finalised_feature_that_the_broker_lacks_keeps_it_out()
    {
        Cluster cluster = new(
            options: new ControllerOptions { ClusterId = "cluster", BootstrapFeatures = [new("transaction.version", 2)] }
        );
        BrokerRegistrationRequest request = cluster.Registration(0);
        Assert.Equal(ErrorCode.UnsupportedVersion, cluster.Register(request).ErrorCode);
        request.Features.Add(
            new()
            {
                Name = "transaction.version",
                MinSupportedVersion = 0,
                MaxSupportedVersion = 2,
            }
        );
        Assert.Equal(ErrorCode.None, cluster.Register(request).ErrorCode);
    }

    [Fact]
    public void The_same_incarnation_keeps_its_epoch_and_its_state()
    {
        Cluster cluster = new Cluster().WithBrokers(1);
        BrokerEpoch epoch = cluster.EpochOf(0);
        Assert.Equal(epoch, cluster.Register(cluster.Registration(0)).BrokerEpoch);
        Assert.False(cluster.Broker(0).Fenced);
    }

    [Fact]
    public void Another_process_is_a_duplicate_until_the_session_runs_out()
    {
        Cluster cluster = new Cluster().WithBrokers(1);
        BrokerRegistrationRequest other = cluster.Registration(0, incarnation: new Uuid(8, 8), directories: new Uuid(55, 55));
        cluster.NowMs += 8_999;
        Assert.Equal(ErrorCode.DuplicateBrokerRegistration, cluster.Register(other).ErrorCode);
        cluster.NowMs += 1;
        Assert.Equal(ErrorCode.None, cluster.Register(other).ErrorCode);
    }

    [Fact]
    public void A_broker_that_never_sent_a_heartbeat_can_be_replaced_at_once()
    {
        Cluster cluster = new();
        cluster.Register(cluster.Registration(0));
        Assert.Equal(
            ErrorCode.None,
            cluster.Register(cluster.Registration(0, incarnation: new Uuid(8, 8), directories: new Uuid(55, 55))).ErrorCode
        );
    }

    [Fact]
    public void Who_holds_the_stored_directories_ends_the_old_session_at_once()
    {
        Cluster cluster = new Cluster().WithBrokers(2);
        cluster.Assign("t", [0, 1]);
        BrokerEpoch old = cluster.EpochOf(0);
        BrokerRegistrationResponse response = cluster.Register(cluster.Registration(0, incarnation: new Uuid(8, 8)));
        Assert.Equal(ErrorCode.None, response.ErrorCode);
        Assert.True(response.BrokerEpoch > old);
        Assert.True(cluster.Broker(0).Fenced);
        Assert.Equal(new NodeId(1), cluster.Partition("t").Leader);
        Assert.Equal(Nodes.Of(1), cluster.Partition("t").Isr);
    }

    [Fact]
    public void Heartbeats_of_another_epoch_or_broker_are_stale()
    {
        Cluster cluster = new Cluster().WithBrokers(1);
        Assert.Equal(ErrorCode.StaleBrokerEpoch, Beat(0, cluster.EpochOf(0).Value - 1));
        Assert.Equal(ErrorCode.StaleBrokerEpoch, Beat(0, cluster.EpochOf(0).Value + 1));
        Assert.Equal(ErrorCode.StaleBrokerEpoch, Beat(7, 1));

        ErrorCode Beat(int id, long epoch) =>
            cluster
                .Controller.Heartbeat(
                    new BrokerHeartbeatRequest { BrokerId = new NodeId(id), BrokerEpoch = new BrokerEpoch(epoch) },
                    cluster.NextOffset,
                    cluster.NowMs
                )
                .Response.ErrorCode;
    }

    [Fact]
    public void A_broker_is_unfenced_once_it_has_replayed_its_own_registration_and_asks()
    {
        Cluster cluster = new();
        cluster.Register(cluster.Registration(0));
        Offset own = new(cluster.EpochOf(0).Value);
        BrokerHeartbeatResponse behind = cluster.Beat(0, metadataOffset: own - 1);
        Assert.True(behind.IsFenced);
        Assert.False(behind.IsCaughtUp);
        BrokerHeartbeatResponse unwilling = cluster.Beat(0, wantFence: true, metadataOffset: own);
        Assert.True(unwilling.IsFenced);
        Assert.True(unwilling.IsCaughtUp);
        Assert.False(cluster.Beat(0, metadataOffset: own).IsFenced);
        Assert.False(cluster.Broker(0).Fenced);
    }

    [Fact]
    public void A_silent_broker_is_fenced_and_its_leaderships_move()
    {
        Cluster cluster = new Cluster().WithBrokers(3);
        cluster.Assign("t", [0, 1, 2]);
        cluster.NowMs += 8_000;
        cluster.Beat(1);
        cluster.Beat(2);
        cluster.NowMs += 999;
        Assert.DoesNotContain(
            cluster.Controller.Tick(cluster.NowMs),
            each => each is RaftLog.Protocol.Metadata.BrokerRegistrationChangeRecord
        );
        cluster.Tick(afterMs: 1);
        Assert.True(cluster.Broker(0).Fenced);
        Assert.False(cluster.Broker(1).Fenced);
        PartitionRegistration partition = cluster.Partition("t");
        Assert.Equal(new NodeId(1), partition.Leader);
        Assert.Equal(Nodes.Of(1, 2), partition.Isr);
        Assert.Equal(new LeaderEpoch(1), partition.LeaderEpoch);
        Assert.Equal(new PartitionEpoch(1), partition.PartitionEpoch);
    }

    [Fact]
    public void The_last_one_in_sync_stays_in_sync_without_leading_and_leads_when_it_is_back()
    {
        Cluster cluster = new Cluster().WithBrokers(2);
        cluster.Assign("t", [0, 1]);
        cluster.Propose("t", 0, [0]);
        cluster.NowMs += 5_000;
        cluster.Beat(1);
        cluster.Tick(afterMs: 4_000);
        Assert.Equal(NodeId.None, cluster.Partition("t").Leader);
        Assert.Equal(Nodes.Of(0), cluster.Partition("t").Isr);
        cluster.Beat(0);
        Assert.Equal(new NodeId(0), cluster.Partition("t").Leader);
        Assert.Equal(Nodes.Of(0), cluster.Partition("t").Isr);
    }

    [Fact]
    public void When_all_in_sync_are_lost_together_the_first_to_come_back_leads_alone()
    {
        Cluster cluster = new Cluster().WithBrokers(3);
        cluster.Assign("t", [0, 1, 2]);
        cluster.Tick(afterMs: 9_000);
        Assert.Equal(NodeId.None, cluster.Partition("t").Leader);
        Assert.Equal(3, cluster.Partition("t").Isr.Count);
        cluster.Beat(2);
        Assert.Equal(new NodeId(2), cluster.Partition("t").Leader);
        Assert.Equal(Nodes.Of(2), cluster.Partition("t").Isr);
    }

    [Fact]
    public void A_session_that_a_heartbeat_renews_does_not_run_out()
    {
        Cluster cluster = new Cluster().WithBrokers(1);
        for (int beat = 0; beat < 20; beat++)
        {
            cluster.NowMs += 8_999;
            cluster.Beat(0);
            cluster.Tick();
        }

        Assert.False(cluster.Broker(0).Fenced);
        Assert.Equal(cluster.NowMs + 500, cluster.Controller.NextDeadlineMs);
    }

    [Fact]
    public void Controlled_shutdown_moves_leaderships_and_waits_until_everyone_knows()
    {
        Cluster cluster = new Cluster().WithBrokers(3);
        cluster.Assign("t", [0, 1, 2]);
        BrokerHeartbeatResponse first = cluster.Beat(0, wantShutDown: true);
        Assert.False(first.ShouldShutDown);
        Assert.False(first.IsFenced);
        Assert.True(cluster.Broker(0).InControlledShutdown);
        Assert.Equal(new NodeId(1), cluster.Partition("t").Leader);
        Assert.Equal(Nodes.Of(1, 2), cluster.Partition("t").Isr);

        Offset known = cluster.NextOffset - 1;
        Assert.False(cluster.Beat(0, wantShutDown: true).ShouldShutDown);
        cluster.Beat(1, metadataOffset: known);
        Assert.False(cluster.Beat(0, wantShutDown: true).ShouldShutDown);
        cluster.Beat(2, metadataOffset: known - 1);
        Assert.False(cluster.Beat(0, wantShutDown: true).ShouldShutDown);
        cluster.Beat(2, metadataOffset: known);
        BrokerHeartbeatResponse last = cluster.Beat(0, wantShutDown: true);
        Assert.True(last.ShouldShutDown);
        Assert.True(last.IsFenced);
        Assert.True(cluster.Broker(0).Fenced);
    }

    [Fact]
    public void A_broker_that_leads_nothing_may_stop_at_once()
    {
        Cluster cluster = new Cluster().WithBrokers(2);
        cluster.Assign("t", [1, 0]);
        BrokerHeartbeatResponse response = cluster.Beat(0, wantShutDown: true);
        Assert.True(response.ShouldShutDown);
        Assert.True(cluster.Broker(0).Fenced);
        Assert.Equal(Nodes.Of(1), cluster.Partition("t").Isr);
    }

    [Fact]
    public void An_unregistered_broker_is_gone_from_sets_and_leaderships()
    {
        Cluster cluster = new Cluster().WithBrokers(2);
        cluster.Assign("t", [0, 1]);
        Assert.Equal(ErrorCode.BrokerIdNotRegistered, Unregister(9));
        Assert.Equal(ErrorCode.None, Unregister(0));
        Assert.False(cluster.Image.Brokers.ContainsKey(new NodeId(0)));
        Assert.Equal(new NodeId(1), cluster.Partition("t").Leader);
        Assert.Equal(Nodes.Of(1), cluster.Partition("t").Isr);

        ErrorCode Unregister(int id) =>
            cluster.Do(cluster.Controller.UnregisterBroker(new UnregisterBrokerRequest { BrokerId = new NodeId(id) })).ErrorCode;
    }

    [Fact]
    public void A_lost_connection_with_a_rejected_probe_fences_at_once()
    {
        Cluster cluster = new Cluster().WithBrokers(2);
        cluster.Assign("t", [0, 1]);
        BrokerEpoch epoch = cluster.EpochOf(0);
        cluster.Controller.ConnectionLost(new NodeId(0), epoch, cluster.NowMs);
        Assert.Equal([KeyValuePair.Create(new NodeId(0), epoch)], cluster.Controller.TakeProbes());
        Assert.Empty(cluster.Controller.TakeProbes());
        cluster.Append(cluster.Controller.ProbeEnded(new NodeId(0), epoch, rejected: true, cluster.NowMs));
        Assert.True(cluster.Broker(0).Fenced);
        Assert.Equal(new NodeId(1), cluster.Partition("t").Leader);

        // The next heartbeat of the same epoch undoes it, and another loss in the same session timeout does nothing.
        Assert.False(cluster.Beat(0).IsFenced);
        cluster.Controller.ConnectionLost(new NodeId(0), epoch, cluster.NowMs + 8_999);
        Assert.Empty(cluster.Controller.TakeProbes());
        cluster.Controller.ConnectionLost(new NodeId(0), epoch, cluster.NowMs + 9_000);
        Assert.Single(cluster.Controller.TakeProbes());
    }

    [Fact]
    public void Nothing_but_a_rejection_of_an_asked_probe_fences_early()
    {
        Cluster cluster = new Cluster().WithBrokers(1);
        NodeId id = new(0);
        BrokerEpoch epoch = cluster.EpochOf(0);

        // A connection alone is no evidence, nor is a probe that nobody asked for.
        Assert.Empty(cluster.Controller.ProbeEnded(id, epoch, rejected: true, cluster.NowMs));
        cluster.Controller.ConnectionLost(id, epoch, cluster.NowMs);
        cluster.Tick();
        Assert.False(cluster.Broker(0).Fenced);

        // Accepted or silent.
        cluster.Controller.TakeProbes();
        Assert.Empty(cluster.Controller.ProbeEnded(id, epoch, rejected: false, cluster.NowMs));

        // Heard of in between.
        cluster.Controller.ConnectionLost(id, epoch, cluster.NowMs);
        cluster.Controller.TakeProbes();
        cluster.Beat(0);
        Assert.Empty(cluster.Controller.ProbeEnded(id, epoch, rejected: true, cluster.NowMs));

        // A connection of an earlier incarnation.
        cluster.Controller.ConnectionLost(id, new BrokerEpoch(epoch.Value - 1), cluster.NowMs);
        Assert.Empty(cluster.Controller.TakeProbes());
    }

    [Fact]
    public void A_new_controller_probes_every_unfenced_broker_and_grants_sessions_from_now()
    {
        Cluster cluster = new Cluster().WithBrokers(3);
        cluster.Beat(2, wantFence: true);
        cluster.NowMs += 60_000;
        cluster.LoseLeadership();
        Assert.Equal([new NodeId(0), new NodeId(1)], cluster.Controller.TakeProbes().Select(each => each.Key));
        cluster.Append(cluster.Controller.ProbeEnded(new NodeId(0), cluster.EpochOf(0), rejected: true, cluster.NowMs));
        Assert.True(cluster.Broker(0).Fenced);
        cluster.Tick();
        Assert.False(cluster.Broker(1).Fenced);
        cluster.Tick(afterMs: 9_000);
        Assert.True(cluster.Broker(1).Fenced);
    }

    [Fact]
    public void A_failed_directory_takes_its_replicas_out_of_the_in_sync_sets()
    {
        Cluster cluster = new();
        Uuid good = new(50, 1);
        Uuid bad = new(50, 2);
        cluster.Register(cluster.Registration(0, directories: [good, bad]));
        cluster.Beat(0);
        cluster.Register(cluster.Registration(1));
        cluster.Beat(1);
        cluster.Assign("t", [0, 1], [0, 1]);
        Assert.Equal(ReservedDirectories.Unassigned, cluster.Partition("t").DirectoryOf(new NodeId(0)));
        Assert.Equal(Cluster.Directory(1), cluster.Partition("t").DirectoryOf(new NodeId(1)));
        AssignReplicasToDirsResponse assigned = cluster.Do(
            cluster.Controller.AssignReplicasToDirs(
                new AssignReplicasToDirsRequest
                {
                    BrokerId = new NodeId(0),
                    BrokerEpoch = cluster.EpochOf(0),
                    Directories =
                    [
                        new()
                        {
                            Id = good,
                            Topics = [new() { TopicId = cluster.Topic("t").Id, Partitions = [new() { PartitionIndex = 0 }] }],
                        },
                        new()
                        {
                            Id = bad,
                            Topics =
                            [
                                new()
                                {
                                    TopicId = cluster.Topic("t").Id,
                                    Partitions = [new() { PartitionIndex = 1 }, new() { PartitionIndex = 9 }],
                                },
                            ],
                        },
                    ],
                }
            )
        );
        Assert.Equal(ErrorCode.None, assigned.Directories[1].Topics[0].Partitions[0].ErrorCode);
        Assert.Equal(ErrorCode.UnknownTopicOrPartition, assigned.Directories[1].Topics[0].Partitions[1].ErrorCode);
        Assert.Equal(bad, cluster.Partition("t", 1).DirectoryOf(new NodeId(0)));

        cluster.Do(
            cluster.Controller.Heartbeat(
                new BrokerHeartbeatRequest
                {
                    BrokerId = new NodeId(0),
                    BrokerEpoch = cluster.EpochOf(0),
                    CurrentMetadataOffset = cluster.NextOffset - 1,
                    OfflineLogDirs = [bad],
                },
                cluster.NextOffset,
                cluster.NowMs
            )
        );
        Assert.Equal(new NodeId(0), cluster.Partition("t", 0).Leader);
        Assert.Equal(new NodeId(1), cluster.Partition("t", 1).Leader);
        Assert.Equal(Nodes.Of(1), cluster.Partition("t", 1).Isr);
        Assert.False(cluster.Broker(0).Fenced);
    }

    [Fact]
    public void Unclean_election_happens_where_it_is_allowed_and_marks_the_leader_as_recovering()
    {
        Cluster cluster = new Cluster().WithBrokers(2);
        cluster.Assign("t", [0, 1]);
        cluster.Assign("u", [0, 1]);
        cluster.Propose("t", 0, [0]);
        cluster.Propose("u", 0, [0]);
        cluster.NowMs += 5_000;
        cluster.Beat(1);
        cluster.Tick(afterMs: 4_000);
        Assert.Equal(NodeId.None, cluster.Partition("u").Leader);
        cluster.Do(
            cluster.Controller.IncrementalAlterConfigs(
                new IncrementalAlterConfigsRequest
                {
                    Resources =
                    [
                        new()
                        {
                            ResourceType = 2,
                            ResourceName = "u",
                            Configs = [new() { Name = "unclean.leader.election.enable", Value = "true" }],
                        },
                    ],
                }
            )
        );
        cluster.Tick();
        Assert.Equal(NodeId.None, cluster.Partition("t").Leader);
        PartitionRegistration unclean = cluster.Partition("u");
        Assert.Equal(new NodeId(1), unclean.Leader);
        Assert.Equal(Nodes.Of(1), unclean.Isr);
        Assert.Equal(LeaderRecoveryState.Recovering, unclean.RecoveryState);

        // The leader recovers by proposing its set again.
        Assert.Equal(ErrorCode.None, cluster.Propose("u", 1, [1]).Topics[0].Partitions[0].ErrorCode);
        Assert.Equal(LeaderRecoveryState.Recovered, cluster.Partition("u").RecoveryState);
        Assert.Equal(unclean.LeaderEpoch, cluster.Partition("u").LeaderEpoch);
    }
}
