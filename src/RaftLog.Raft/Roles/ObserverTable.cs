using RaftLog.Protocol;

namespace RaftLog.Raft;

/// <summary>The observers that fetch from a leader. At the bound one more is served without being listed.</summary>
internal sealed class ObserverTable(int bound, int expiryMs)
{
    private readonly SortedDictionary<ReplicaKey, FetchRecord> _observers = [];

    /// <summary>The entry of an observer, or null when there is no room for it.</summary>
    public FetchRecord? Find(ReplicaKey replica, long nowMs)
    {
        if (_observers.TryGetValue(replica, out FetchRecord? known))
        {
            return known;
        }

        if (_observers.Count >= bound)
        {
            Expire(nowMs);
        }

        if (_observers.Count >= bound)
        {
            return null;
        }

        var added = new FetchRecord();
        added.Touch(nowMs);
        _observers.Add(replica, added);
        return added;
    }

    public List<ReplicaDescription> Describe(long nowMs)
    {
        Expire(nowMs);
        return [.. _observers.Select(entry => entry.Value.Describe(entry.Key))];
    }

    private void Expire(long nowMs)
    {
        List<ReplicaKey> silent = [.. _observers.Where(entry => nowMs - entry.Value.LastFetchMs >= expiryMs).Select(entry => entry.Key)];
        foreach (ReplicaKey replica in silent)
        {
            _observers.Remove(replica);
        }
    }
}
