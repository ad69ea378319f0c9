using RaftLog.Client.Connections;
using RaftLog.Protocol;
using RaftLog.Protocol.Messages;

namespace RaftLog.Client.Cluster;

/// <summary>
/// The client's picture of the cluster: the topics that somebody has asked for, refreshed when something in it has proved wrong and when it
/// has grown old. One refresh at a time; whoever comes meanwhile waits for it.
/// </summary>
internal sealed class MetadataCache(ClientRuntime runtime, ClusterCalls calls, ConnectionTable connections)
{
    /// <summary>However much proves wrong at once, brokers are not asked more often than this.</summary>
    private const long LeastMsBetweenRefreshes = 50;

    private readonly Lock _lock = new();
    private readonly SortedSet<string> _topics = new(StringComparer.Ordinal);
    private ClusterView _view = ClusterView.Empty;
    private TaskCompletionSource? _refreshing;
    private bool _lacksTopic = true;
    private bool _stale;
    private long _refreshedMs;

    public ClusterView View => Volatile.Read(ref _view);

    /// <summary>Something in the view has proved wrong: who asks for a fresh view soon gets one.</summary>
    public void Invalidate()
    {
        lock (_lock)
        {
            _stale = true;
        }
    }

    /// <summary>The view, refreshed first where it is stale or old.</summary>
    /// <exception cref="KafkaException">No broker answered in time.</exception>
    public async ValueTask<ClusterView> FreshAsync(Deadline deadline)
    {
        while (IsStale())
        {
            await RefreshAsync(deadline);
        }

        return View;
    }

    /// <summary>
    /// The topic, once it is known with at least one partition. A topic that does not exist is asked for again until the deadline: it may be
    /// new, and the broker that answered behind.
    /// </summary>
    /// <exception cref="KafkaException">There is no such topic, or no broker answered in time.</exception>
    public async ValueTask<TopicView> TopicAsync(string name, Deadline deadline)
    {
        lock (_lock)
        {
            _lacksTopic |= _topics.Add(name);
        }

        Backoff backoff = runtime.NewBackoff();
        while (true)
        {
            ClusterView view = await FreshAsync(deadline);
            ErrorCode error = ErrorCode.UnknownTopicOrPartition;
            if (view.TryGetTopic(name, out TopicView? topic))
            {
                if (topic.Error == ErrorCode.None && topic.Partitions.Count > 0)
                {
                    return topic;
                }

                error = topic.Error == ErrorCode.None ? error : topic.Error;
            }

            if (!error.IsRetriable() || !await deadline.PauseAsync(backoff.Next()))
            {
                throw new KafkaException(error, $"topic '{name}' cannot be used");
            }

            Invalidate();
        }
    }

    /// <summary>Takes over a newer leader that a broker has named.</summary>
    /// <returns>True when it was news.</returns>
    public bool LearnLeader(TopicPartition partition, NodeId leader, LeaderEpoch epoch)
    {
        lock (_lock)
        {
            ClusterView before = View;
            ClusterView after = before.WithLeader(partition, leader, epoch);
            Volatile.Write(ref _view, after);
            return after != before;
        }
    }

    private bool IsStale()
    {
        lock (_lock)
        {
            long ageMs = runtime.Waiters.NowMs - _refreshedMs;
            return _lacksTopic || _refreshing is not null
                || (_stale && ageMs >= LeastMsBetweenRefreshes)
                || ageMs >= runtime.Options.MetadataMaxAge.TotalMilliseconds;
        }
    }

    private async ValueTask RefreshAsync(Deadline deadline)
    {
        TaskCompletionSource? others;
        TaskCompletionSource mine;
        List<MetadataRequest.TopicData> wanted = [];
        lock (_lock)
        {
            others = _refreshing;
            mine = _refreshing ??= new(TaskCreationOptions.RunContinuationsAsynchronously);
            if (others is null)
            {
                _stale = false;
                _lacksTopic = false;
                foreach (string topic in _topics)
                {
                    wanted.Add(new MetadataRequest.TopicData { Name = topic });
                }
            }
        }

        if (others is not null)
        {
            await others.Task;
            return;
        }

        bool refreshed = false;
        try
        {
            MetadataRequest request = new() { Topics = wanted, AllowAutoTopicCreation = false };
            MetadataResponse response = await calls.CallAnyAsync(request, static r => r.ErrorCode, deadline);
            Replace(response);
            refreshed = true;
        }
        finally
        {
            lock (_lock)
            {
                _refreshing = null;
                _lacksTopic |= !refreshed;
                _refreshedMs = runtime.Waiters.NowMs;
            }

            // Those who waited look for themselves: their own deadline may be later than the one that failed here.
            mine.SetResult();
        }
    }

    private void Replace(MetadataResponse response)
    {
        ClusterView view;
        lock (_lock)
        {
            view = View.With(response);
            Volatile.Write(ref _view, view);
        }

        connections.Learn(view);
    }
}
