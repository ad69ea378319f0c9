using System.Text;
using RaftLog.Client;
using RaftLog.Client.Consume;
using RaftLog.Client.Groups;
using RaftLog.Protocol;

namespace RaftLog.TestKit;

/// <summary>A member of a group with a reader of its own, which notes the numbers that it reads and what comes and goes.</summary>
public sealed class GroupReader : IRebalanceListener, IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(40);

    private readonly Consumer _consumer;
    private readonly CancellationTokenSource _stop = new();
    private readonly SemaphoreSlim _mayRead = new(1);
    private readonly Lock _lock = new();
    private readonly List<int> _values = [];
    private readonly SortedSet<TopicPartition> _assigned = [];
    private readonly List<TopicPartition> _revoked = [];
    private readonly List<TopicPartition> _lost = [];
    private readonly Task _reading;
    private bool _isClosed;

    /// <summary>Joins a group named after a topic.</summary>
    public GroupReader(
        KafkaCluster cluster,
        string topic,
        string group,
        Func<ConsumerOptions, ConsumerOptions>? change = null,
        Action<Consumer, IRebalanceListener>? subscribe = null
    )
    {
        ConsumerOptions options = new()
        {
            GroupId = $"{group}-{topic}",
            OffsetReset = OffsetReset.Earliest,
            HeartbeatInterval = TimeSpan.FromMilliseconds(200),
        };
        _consumer = cluster.CreateConsumer(change?.Invoke(options) ?? options);
        subscribe ??= (consumer, listener) => consumer.Subscribe([topic], listener);
        subscribe(_consumer, this);
        _reading = ReadAsync();
    }

    public Consumer Consumer => _consumer;

    public List<int> Values => Copy(_values);

    public List<TopicPartition> Assigned => Copy(_assigned);

    public List<TopicPartition> Revoked => Copy(_revoked);

    public List<TopicPartition> Lost => Copy(_lost);

    public void Hold() => _mayRead.Wait();

    public Task GoOnAsync()
    {
        _mayRead.Release();
        return Task.CompletedTask;
    }

    public async Task UntilAsync(Func<bool> condition)
    {
        long start = TimeProvider.System.GetTimestamp();
        while (!condition())
        {
            Assert.True(
                TimeProvider.System.GetElapsedTime(start) < Patience,
                $"gave up; assigned {Assigned.Count}, revoked {Revoked.Count}, lost {Lost.Count}, {Values.Count} values"
            );
            if (_reading.IsFaulted)
            {
                await _reading;
            }

            await Task.Delay(20);
        }
    }

    /// <summary>Stops without a word to the group, as a process that dies.</summary>
    public async Task DieAsync()
    {
        _isClosed = true;
        await _stop.CancelAsync();
        await _reading;
        _consumer.Dispose();
    }

    public async Task CloseAsync()
    {
        if (!_isClosed)
        {
            _isClosed = true;
            await _stop.CancelAsync();
            await _reading;
            await _consumer.DisposeAsync();
        }
    }

    public async ValueTask DisposeAsync() => await CloseAsync();

    public ValueTask AssignedAsync(IReadOnlyList<TopicPartition> partitions)
    {
        lock (_lock)
        {
            _assigned.UnionWith(partitions);
        }

        return ValueTask.CompletedTask;
    }

    public ValueTask RevokedAsync(IReadOnlyList<TopicPartition> partitions)
    {
        lock (_lock)
        {
            _assigned.ExceptWith(partitions);
            _revoked.AddRange(partitions);
        }

        return ValueTask.CompletedTask;
    }

    public ValueTask LostAsync(IReadOnlyList<TopicPartition> partitions)
    {
        lock (_lock)
        {
            _assigned.ExceptWith(partitions);
            _lost.AddRange(partitions);
        }

        return ValueTask.CompletedTask;
    }

    private async Task ReadAsync()
    {
        while (!_stop.IsCancellationRequested)
        {
            await _mayRead.WaitAsync(CancellationToken.None);
            using (FetchedRecords? records = await _consumer.ReadAsync(TimeSpan.FromMilliseconds(100), _stop.Token))
            {
                if (records is not null)
                {
                    Note(records);
                }
            }

            _mayRead.Release();
        }
    }

    private void Note(FetchedRecords records)
    {
        lock (_lock)
        {
            foreach (RecordView record in records)
            {
                _values.Add(int.Parse(Encoding.ASCII.GetString(record.Value.Span)));
            }
        }
    }

    private List<T> Copy<T>(IEnumerable<T> items)
    {
        lock (_lock)
        {
            return [.. items];
        }
    }
}
