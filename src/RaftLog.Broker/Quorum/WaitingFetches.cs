using RaftLog.Protocol;
using RaftLog.Raft;
using RaftLog.Storage;

namespace RaftLog.Broker.Quorum;

/// <summary>What a replica's fetch of the metadata log gets.</summary>
/// <param name="Response">The core's answer.</param>
/// <param name="Records">The batches, empty when there are none.</param>
internal sealed record FetchedMetadata(FetchDecision Response, ReadOnlyMemory<byte> Records);

/// <summary>
/// The fetches of the metadata log that wait for news, in the quorum's event loop. At most one per connection, so connections bound them.
/// </summary>
internal sealed class WaitingFetches(RaftCore core, PartitionLog log)
{
    private readonly MetadataReader _reader = new(log);
    private readonly List<Entry> _waiting = [];
    private bool _woken;

    /// <summary>When the first of them must be answered.</summary>
    public long NextDeadlineMs { get; private set; } = long.MaxValue;

    /// <summary>Responds to a new fetch, or keeps it.</summary>
    public void Add(
        RaftFetchRequest request,
        FetchDecision first,
        int maxBytes,
        long deadlineMs,
        TaskCompletionSource<FetchedMetadata?> response
    )
    {
        Entry entry = new(request, maxBytes, deadlineMs, response);
        if (!TryRespond(entry, first))
        {
            _waiting.Add(entry);
            NextDeadlineMs = Math.Min(NextDeadlineMs, deadlineMs);
        }
    }

    /// <summary>There may be news for those that wait.</summary>
    public void Wake() => _woken = true;

    /// <summary>Answers those for whom there is news, and those whose time is over.</summary>
    public void ResponseDue(long nowMs)
    {
        if (!_woken && nowMs < NextDeadlineMs)
        {
            return;
        }

        _woken = false;
        _waiting.RemoveAll(entry => TryRespond(entry, core.AskAgain(entry.Request, isOver: nowMs >= entry.DeadlineMs)));
        NextDeadlineMs = long.MaxValue;
        foreach (Entry entry in _waiting)
        {
            NextDeadlineMs = Math.Min(NextDeadlineMs, entry.DeadlineMs);
        }
    }

    /// <summary>The node is stopping: all that wait get no response.</summary>
    public void End()
    {
        _waiting.ForEach(static entry => entry.Completion.SetResult(null));
        _waiting.Clear();
    }

    private bool TryRespond(Entry entry, FetchDecision response)
    {
        if (response.Kind == FetchDecisionKind.Wait)
        {
            return false;
        }

        ReadOnlyMemory<byte> records = response.Kind == FetchDecisionKind.Records ? Read(response, entry.MaxBytes) : default;
        entry.Completion.SetResult(new FetchedMetadata(response, records));
        return true;
    }

    private ReadOnlyMemory<byte> Read(FetchDecision response, int maxBytes)
    {
        byte[] bytes = [];
        int length = _reader.Read(response.ReadFrom, response.ReadTo, maxBytes, ref bytes);
        return bytes.AsMemory(0, length);
    }

    private sealed record Entry(RaftFetchRequest Request, int MaxBytes, long DeadlineMs, TaskCompletionSource<FetchedMetadata?> Completion);
}
