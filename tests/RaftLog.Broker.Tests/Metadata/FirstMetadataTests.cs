using RaftLog.Broker.Cluster;
using RaftLog.Broker.Tests.Partitions;
using RaftLog.Metadata;
using RaftLog.Platform.Waiting;
using RaftLog.Protocol;
using RaftLog.Protocol.Metadata;
using RaftLog.Protocol.Wire;

namespace RaftLog.Broker.Tests.Metadata;

/// <summary>What a node that has just started tells clients of the cluster.</summary>
public sealed class FirstMetadataTests : IDisposable
{
    private static readonly NodeId Self = new(1);

    private readonly ManualTime _time = new();
    private readonly Pump _pump = new();
    private readonly Waiters _waiters;
    private readonly MetadataCache _cache;
    private readonly MetadataReplay _log = new();

    public FirstMetadataTests()
    {
        _waiters = new Waiters(_time);
        _cache = new MetadataCache(_waiters, "cluster", Self);
        Apply(
            new RegisterBrokerRecord
            {
                BrokerId = Self,
                BrokerEpoch = new BrokerEpoch(1),
                Fenced = true,
            }
        );
    }

    public void Dispose() => _waiters.Dispose();

    [Fact]
    public void It_waits_until_it_can_name_itself()
    {
        Task waits = _pump.Start(() => _cache.WhenSelfIsNamedAsync().AsTask());
        Assert.False(waits.IsCompleted);
        Apply(new UnfenceBrokerRecord { Id = Self, Epoch = new BrokerEpoch(1) });
        _pump.Drain();
        Assert.True(waits.IsCompletedSuccessfully);
    }

    [Fact]
    public void It_does_not_wait_again_when_it_is_fenced_later()
    {
        Apply(new UnfenceBrokerRecord { Id = Self, Epoch = new BrokerEpoch(1) });
        Apply(new FenceBrokerRecord { Id = Self, Epoch = new BrokerEpoch(1) });
        Assert.True(_cache.WhenSelfIsNamedAsync().IsCompletedSuccessfully);
    }

    [Fact]
    public void It_answers_after_a_while_when_no_controller_lets_it_in()
    {
        Task waits = _pump.Start(() => _cache.WhenSelfIsNamedAsync().AsTask());
        _time.Advance(TimeSpan.FromSeconds(11));
        _pump.Drain();
        Assert.True(waits.IsCompletedSuccessfully);
    }

    private void Apply(IMetadataRecord record)
    {
        MetadataImage before = _log.Image;
        _log.Append([record]);
        _pump.Start(() => _cache.ApplyAsync(new MetadataUpdate(_log.Image, MetadataChanges.Between(before, _log.Image))));
    }
}
