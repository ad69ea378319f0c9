using RaftLog.Client.Connections;
using RaftLog.Client.Observability;
using RaftLog.Platform.Waiting;
using RaftLog.Protocol;
using RaftLog.Protocol.Messages;

namespace RaftLog.Client.Cluster;

/// <summary>
/// The client's picture of the cluster: the topics that somebody has asked for, refreshed when something in it has proved wrong and when it
/// has grown old. One refresh at a time; whoever comes meanwhile waits for it, each up to its own deadline.
/// </summary>
internal sealed class ClusterMetadata(ClientRuntime runtime, ClusterCalls calls, ConnectionTable connections)
{
    /// <summary>However much proves wrong at once, brokers are not asked more often than this.</summary>
    private const long LeastMsBetweenRefreshes = 50;

    private readonly Lock _lock = new();
    private readonly SortedSet<string> _topics = new(StringComparer.Ordinal);
    private readonly HashSet<string> _missing = new(StringComparer.Ordinal);
    private readonly List<Wait> _waiting = [];
    private readonly List<AsyncSignal> _polling = [];
    private ClusterView _view = ClusterView.Empty;
    private bool _refreshing;
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

    /// <summary>The view as it is. Where it is stale or old a refresh begins, at whose end the caller's loop is woken.</summary>
    public ClusterView Poll(AsyncSignal loop)
    {
        bool begins = false;
        lock (_lock)
        {
            if (IsStale())
            {
                begins = _polling.Count == 0;
                if (!_polling.Contains(loop))
                {
                    _polling.Add(loop);
                }
            }
        }

        if (begins)
        {
            runtime.Supervisor.Run("refresh metadata", RefreshForLoopsAsync);
        }

        return View;
    }

    /// <summary>The view, refreshed first where it is stale or old.</summary>
    /// <exception cref="KafkaException">No broker answered in time.</exception>
    /// <exception cref="OperationCanceledException">The caller gave up.</exception>
    public async ValueTask<ClusterView> FreshAsync(CallDeadline deadline)
    {
        while (IsStaleNow())
        {
            await RefreshAsync(deadline);
        }

        return View;
    }

    /// <summary>These topics are in the views from the next refresh on, which is due.</summary>
    public void Want(IEnumerable<string> names)
    {
        lock (_lock)
        {
            foreach (string name in names)
            {
                _lacksTopic |= _topics.Add(name);
            }
        }
    }

    /// <summary>The view with these topics in it, though perhaps with errors.</summary>
    /// <exception cref="KafkaException">No broker answered in time.</exception>
    /// <exception cref="OperationCanceledException">The caller gave up.</exception>
    public ValueTask<ClusterView> WithTopicsAsync(IEnumerable<string> names, CallDeadline deadline)
    {
        Want(names);
        return FreshAsync(deadline);
    }

    /// <summary>
    /// The topic, once it is known with at least so many partitions. A topic that does not exist, or has fewer, is asked for again until
    /// the deadline: it may be new, and the broker that answered behind. One that has fewer then is returned as it is.
    /// </summary>
    /// <exception cref="KafkaException">There is no such topic, or no broker answered in time.</exception>
    /// <exception cref="OperationCanceledException">The caller gave up.</exception>
    public async ValueTask<TopicView> TopicAsync(string name, CallDeadline deadline, int leastPartitions = 1)
    {
        Backoff backoff = runtime.NewBackoff();
        while (true)
        {
            ClusterView view = await WithTopicsAsync([name], deadline);
            ErrorCode error = ErrorCode.UnknownTopicOrPartition;
            if (view.TryGetTopic(name, out TopicView? topic))
            {
                if (topic.Error == ErrorCode.None && topic.Partitions.Count >= leastPartitions)
                {
                    return topic;
                }

                error = topic.Error == ErrorCode.None ? error : topic.Error;
            }

            if (!error.IsRetriable() || !await deadline.PauseAsync(backoff.Next()))
            {
                if (topic is { Error: ErrorCode.None, Partitions.Count: > 0 })
                {
                    return topic;
                }

                throw new KafkaException(error, UnusableTopic.Because(name, error));
            }

            Invalidate();
        }
    }

    /// <summary>Takes over the newer leaders of those that a broker has named.</summary>
    /// <param name="told">All that one response names.</param>
    /// <returns>The partitions whose leader was not known.</returns>
    public IReadOnlySet<TopicPartition> LearnLeaders(IReadOnlyList<ToldLeader> told)
    {
        HashSet<TopicPartition> newer = [];
        lock (_lock)
        {
            Volatile.Write(ref _view, View.WithLeaders(told, newer));
        }

        return newer;
    }

    private bool IsStaleNow()
    {
        lock (_lock)
        {
            return IsStale();
        }
    }

    private bool IsStale()
    {
        long ageMs = runtime.Waiters.NowMs - _refreshedMs;
        return _lacksTopic
            || _refreshing
            || (_stale && ageMs >= LeastMsBetweenRefreshes)
            || ageMs >= runtime.Options.MetadataMaxAge.TotalMilliseconds;
    }

    private async Task RefreshForLoopsAsync()
    {
        try
        {
            await FreshAsync(new CallDeadline(runtime.Waiters, runtime.Options.RequestTimeout));
        }
        catch (KafkaException)
        {
            // Nobody answers at the moment, and each record and position has its own deadline: the loops go on with what is known.
            await runtime.Waiters.Delay(runtime.Options.RetryBackoffMax);
        }

        List<AsyncSignal> loops;
        lock (_lock)
        {
            loops = [.. _polling];
            _polling.Clear();
        }

        loops.ForEach(loop => loop.Set());
    }

    private async ValueTask RefreshAsync(CallDeadline deadline)
    {
        Wait? others = null;
        List<MetadataRequest.TopicData> wanted = [];
        lock (_lock)
        {
            if (_refreshing)
            {
                others = runtime.Waiters.Rent(deadline.Remaining);
                _waiting.Add(others.Value);
            }
            else
            {
                _refreshing = true;
                _stale = false;
                _lacksTopic = false;
                foreach (string topic in _topics)
                {
                    wanted.Add(new MetadataRequest.TopicData { Name = topic });
                }
            }
        }

        if (others is { } wait)
        {
            await WaitAsync(wait, deadline);
            return;
        }

        bool refreshed = false;
        try
        {
            MetadataRequest request = new() { Topics = wanted, AllowAutoTopicCreation = false };
            MetadataResponse response = await calls.CallAnyAsync(request, ErrorOf, deadline);
            Replace(response);
            refreshed = true;
        }
        finally
        {
            List<Wait> waiting;
            lock (_lock)
            {
                _refreshing = false;
                _lacksTopic |= !refreshed;
                _refreshedMs = runtime.Waiters.NowMs;
                waiting = [.. _waiting];
                _waiting.Clear();
            }

            // Those who waited look for themselves: their own deadline may be later than the one that failed here.
            waiting.ForEach(each => each.TryComplete(WaitOutcome.Ready));
        }
    }

    private async ValueTask WaitAsync(Wait wait, CallDeadline deadline)
    {
        switch (await deadline.OutcomeAsync(wait))
        {
            case WaitOutcome.Expired:
                lock (_lock)
                {
                    _waiting.Remove(wait);
                }

                throw new KafkaException(
                    ErrorCode.NetworkException,
                    $"the cluster's metadata did not come within {deadline.Timeout.TotalMilliseconds} ms"
                );
            case WaitOutcome.Closed:
                throw new KafkaException(ErrorCode.NetworkException, runtime.Failure ?? "the cluster's connections were closed");
        }
    }

    /// <summary>
    /// A broker that names no broker, or sends its clients back to the bootstrap servers (KIP-1102), knows the cluster no longer: the next
    /// one is asked, and the bootstrap servers are among them.
    /// </summary>
    private static ErrorCode ErrorOf(MetadataResponse response) =>
        response.ErrorCode == ErrorCode.RebootstrapRequired || (response.ErrorCode == ErrorCode.None && response.Brokers.Count == 0)
            ? ErrorCode.NetworkException
            : response.ErrorCode;

    private void Replace(MetadataResponse response)
    {
        ClusterView view;
        List<string> missing = [];
        lock (_lock)
        {
            view = View.With(response);
            Volatile.Write(ref _view, view);
            foreach (MetadataResponse.TopicData topic in response.Topics)
            {
                if (topic is { Name: { } gone, ErrorCode: ErrorCode.UnknownTopicOrPartition })
                {
                    if (_missing.Add(gone))
                    {
                        missing.Add(gone);
                    }
                }
                else if (topic.Name is { } found)
                {
                    _missing.Remove(found);
                }
            }
        }

        connections.Learn(view);
        missing.ForEach(runtime.Telemetry.Logger.TopicMissing);
    }
}
