using RaftLog.Broker.Metadata;
using RaftLog.Broker.Tests.Partitions;
using RaftLog.Metadata;
using RaftLog.Platform.Waiting;
using RaftLog.Protocol;
using RaftLog.Protocol.Metadata;

namespace RaftLog.Broker.Tests.Metadata;

/// <summary>How committed metadata reaches those who act on it.</summary>
public sealed class MetadataPublisherTests : IDisposable
{
    private readonly ManualTime _time = new();
    private readonly Pump _pump = new();
    private readonly Waiters _waiters;
    private readonly MetadataPublisher _publisher;
    private readonly MetadataReplay _log = new();
    private readonly List<string> _reported = [];
    private readonly Listener _first;
    private readonly Listener _second;

    public MetadataPublisherTests()
    {
        _waiters = new Waiters(_time);
        _publisher = new MetadataPublisher(_waiters);
        _first = new Listener("first", _reported);
        _second = new Listener("second", _reported);
        _publisher.Add(_first);
        _publisher.Add(_second);
        _pump.Start(() => _publisher.RunAsync());
    }

    public void Dispose() => _waiters.Dispose();

    [Fact]
    public void Listeners_are_told_in_order_and_not_by_who_publishes()
    {
        Publish(Topic("a", 1));
        Assert.Empty(_reported);
        _pump.Drain();
        Publish(Topic("b", 2));
        _pump.Drain();
        Assert.Equal(["first: a", "second: a", "first: b", "second: b"], _reported);
    }

    [Fact]
    public void What_comes_while_listeners_are_busy_is_told_as_one_difference()
    {
        Publish(Topic("a", 1));
        Publish(Topic("b", 2));
        Publish(new RemoveTopicRecord { TopicId = new Uuid(0, 1) });
        Publish(Topic("c", 3));
        _pump.Drain();
        Assert.Equal(["first: b c", "second: b c"], _reported);
        Assert.Equal(_log.Image.Provenance.LastOffset, _publisher.Applied);
    }

    [Fact]
    public async Task An_image_is_applied_when_every_listener_has_done_its_part_in_it_and_in_all_before()
    {
        TaskCompletionSource slow = new();
        _first.Next = slow.Task;
        Offset one = Publish(Topic("a", 1));
        _pump.Drain();
        Offset two = Publish(Topic("b", 2));
        _pump.Drain();
        Assert.Equal(4, _reported.Count);
        Assert.True(_publisher.Applied < one);

        Task<bool> waits = _pump.Start(() => _publisher.WhenAppliedAsync(two, TimeSpan.FromSeconds(1)).AsTask());
        Assert.False(waits.IsCompleted);
        slow.SetResult();
        _pump.Drain();
        Assert.Equal(two, _publisher.Applied);
        Assert.True(waits.IsCompleted);
        Assert.True(await waits);
    }

    [Fact]
    public async Task Who_waits_for_an_image_waits_no_longer_than_asked()
    {
        _second.Next = new TaskCompletionSource().Task;
        Offset never = Publish(Topic("a", 1));
        Task<bool> waits = _pump.Start(() => _publisher.WhenAppliedAsync(never, TimeSpan.FromSeconds(1)).AsTask());
        _time.Advance(TimeSpan.FromSeconds(2));
        _pump.Drain();
        Assert.True(waits.IsCompleted);
        Assert.False(await waits);
    }

    [Fact]
    public void A_listener_that_fails_later_fails_the_publisher()
    {
        MetadataPublisher publisher = new(_waiters);
        Listener fails = new("fails", _reported);
        TaskCompletionSource part = new();
        fails.Next = part.Task;
        publisher.Add(fails);
        Task running = _pump.Start(publisher.RunAsync);
        publisher.Publish(Update(Topic("a", 1)));
        _pump.Drain();
        Assert.False(running.IsCompleted);
        part.SetException(new InvariantException("X-01", "a listener found that we are wrong"));
        _pump.Drain();
        Assert.Equal("X-01", Assert.IsType<InvariantException>(running.Exception!.InnerException).Id);
    }

    private static TopicRecord Topic(string name, ulong id) => new() { Name = name, TopicId = new Uuid(0, id) };

    private Offset Publish(Protocol.Wire.IMetadataRecord record)
    {
        _publisher.Publish(Update(record));
        return _log.Image.Provenance.LastOffset;
    }

    private MetadataUpdate Update(Protocol.Wire.IMetadataRecord record)
    {
        MetadataImage before = _log.Image;
        _log.Append([record]);
        return new MetadataUpdate(_log.Image, MetadataChanges.Between(before, _log.Image));
    }

    private sealed class Listener(string name, List<string> told) : IMetadataListener
    {
        public Task Next { get; set; } = Task.CompletedTask;

        public Task ApplyAsync(MetadataUpdate update)
        {
            told.Add($"{name}: {string.Join(' ', update.Changes.CreatedTopics.Select(each => each.Name))}");
            Task next = Next;
            Next = Task.CompletedTask;
            return next;
        }
    }
}
