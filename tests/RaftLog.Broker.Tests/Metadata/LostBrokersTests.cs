using RaftLog.Broker.Cluster;
using RaftLog.Broker.Tests.Partitions;
using RaftLog.Metadata;
using RaftLog.Protocol;
using RaftLog.Protocol.Metadata;
using RaftLog.Protocol.Wire;

namespace RaftLog.Broker.Tests.Metadata;

/// <summary>Which brokers clients are told of while one of them comes and goes.</summary>
public sealed class LostBrokersTests
{
    private const string Listener = "PLAINTEXT";
    private static readonly TimeSpan Session = TimeSpan.FromSeconds(9);
    private static readonly NodeId Broker = new(2);

    private readonly ManualTime _time = new();
    private readonly MetadataReplay _log = new();
    private readonly LostBrokers _lost;

    public LostBrokersTests()
    {
        _lost = new LostBrokers(_time, Session);
        Register(epoch: 1, port: 9094);
        Apply(new UnfenceBrokerRecord { Id = Broker, Epoch = new BrokerEpoch(1) });
    }

    [Fact]
    public void A_broker_that_was_fenced_stays_named_for_a_session()
    {
        Fence();
        _time.Advance(Session - TimeSpan.FromMilliseconds(1));
        Assert.Equal([9094], PortsNamed());
        _time.Advance(TimeSpan.FromMilliseconds(1));
        Assert.Empty(PortsNamed());
    }

    [Fact]
    public void A_broker_that_asked_to_stop_is_gone_when_it_may()
    {
        Apply(
            new BrokerRegistrationChangeRecord
            {
                BrokerId = Broker,
                BrokerEpoch = new BrokerEpoch(1),
                InControlledShutdown = 1,
            }
        );
        Assert.Equal([9094], PortsNamed());
        Fence();
        Assert.Empty(PortsNamed());
    }

    [Fact]
    public void One_that_comes_back_is_named_where_it_is_now()
    {
        Fence();
        Register(epoch: 5, port: 9999);
        Assert.Equal([9999], PortsNamed());
        Apply(new UnfenceBrokerRecord { Id = Broker, Epoch = new BrokerEpoch(5) });
        _time.Advance(Session);
        Assert.Equal([9999], PortsNamed());
    }

    [Fact]
    public void Each_loss_has_a_session_of_its_own()
    {
        Fence();
        _time.Advance(Session - TimeSpan.FromSeconds(1));
        Apply(new UnfenceBrokerRecord { Id = Broker, Epoch = new BrokerEpoch(1) });
        Fence();
        _time.Advance(Session - TimeSpan.FromSeconds(1));
        Assert.Equal([9094], PortsNamed());
    }

    [Fact]
    public void One_that_was_taken_off_the_cluster_is_gone()
    {
        Fence();
        Apply(new UnregisterBrokerRecord { BrokerId = Broker, BrokerEpoch = new BrokerEpoch(1) });
        Assert.Empty(PortsNamed());
    }

    [Fact]
    public void One_that_never_served_is_not_named()
    {
        LostBrokers late = new(_time, Session);
        Fence();
        Assert.Empty(late.Named(_log.Image, Listener));
    }

    private void Register(int epoch, ushort port)
    {
        RegisterBrokerRecord registration = new()
        {
            BrokerId = Broker,
            BrokerEpoch = new BrokerEpoch(epoch),
            Fenced = true,
        };
        registration.EndPoints.Add(
            new()
            {
                Name = Listener,
                Host = "localhost",
                Port = port,
            }
        );
        Apply(registration);
    }

    private void Fence() => Apply(new FenceBrokerRecord { Id = Broker, Epoch = _log.Image.Brokers[Broker].Epoch });

    private int[] PortsNamed() => [.. _lost.Named(_log.Image, Listener).Select(each => (int)each.Endpoint.Port)];

    private void Apply(IMetadataRecord record)
    {
        MetadataImage before = _log.Image;
        _log.Append([record]);
        Assert.True(_lost.ApplyAsync(new MetadataUpdate(_log.Image, MetadataChanges.Between(before, _log.Image))).IsCompleted);
    }
}
