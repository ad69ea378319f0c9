using RaftLog.Protocol;
using RaftLog.Protocol.Messages;
using RaftLog.Replication;

namespace RaftLog.Broker.Partitions;

/// <summary>
/// The follower's side of an incremental fetch session (KIP-227): what the leader has recorded, what is wanted now, and the request that
/// makes the one the other.
/// <para>
/// The leader counts each fetch as one of all that it has recorded, at the offsets that it has recorded. So a partition that is not to be
/// fetched now (it holds bytes that are not flushed, it pauses after an error, its directory has failed) is forgotten, and named again
/// later.
/// </para>
/// <para>A leader that gives no session is asked for everything each time. For the fetcher's loop alone.</para>
/// </summary>
internal sealed class FollowerSession
{
    private const int FirstEpoch = 0;

    private readonly Dictionary<TopicIdPartition, Entry> _entries = [];
    private readonly List<Entry> _changes = [];
    private int _id;
    private int _epoch = FirstEpoch;

    /// <summary>How many partitions are to be fetched.</summary>
    public int Wanted { get; private set; }

    /// <summary>True when the next request names only what has changed.</summary>
    public bool IsIncremental => _epoch != FirstEpoch;

    /// <summary>A partition is to be fetched from a position.</summary>
    public void Want(FollowedPartition followed, in FetchPosition position, Offset logStart)
    {
        TopicIdPartition id = followed.Partition.Id;
        if (!_entries.TryGetValue(id, out Entry? entry))
        {
            entry = new Entry(id);
            _entries.Add(id, entry);
        }

        Wanted += entry.Followed is null ? 1 : 0;
        bool isRecorded =
            entry.IsRecorded && ReferenceEquals(entry.Followed, followed) && entry.Position == position && entry.LogStart == logStart;
        entry.Followed = followed;
        entry.Position = position;
        entry.LogStart = logStart;
        if (!isRecorded)
        {
            Change(entry);
        }
    }

    /// <summary>A partition is not to be fetched.</summary>
    public void Drop(TopicIdPartition id)
    {
        if (!_entries.TryGetValue(id, out Entry? entry))
        {
            return;
        }

        Wanted -= entry.Followed is null ? 0 : 1;
        entry.Followed = null;
        if (entry.IsRecorded)
        {
            Change(entry);
        }
        else
        {
            _entries.Remove(id);
        }
    }

    /// <summary>Fills in the session and the partitions of the next request.</summary>
    /// <param name="request">The request.</param>
    /// <param name="partitionMaxBytes">The most bytes of one partition.</param>
    public void Write(FetchRequest request, int partitionMaxBytes)
    {
        request.SessionId = _id;
        request.SessionEpoch = _epoch;
        var topics = new Dictionary<Uuid, FetchRequest.FetchTopic>();
        if (IsIncremental)
        {
            var forgotten = new Dictionary<Uuid, FetchRequest.ForgottenTopic>();
            foreach (Entry entry in _changes)
            {
                entry.IsChanged = false;
                if (entry.Followed is not null)
                {
                    Name(entry, request, topics, partitionMaxBytes);
                }
                else if (entry.IsRecorded)
                {
                    Forget(entry, request, forgotten);
                }
            }
        }
        else
        {
            foreach (Entry entry in _entries.Values)
            {
                entry.IsChanged = false;
                entry.IsRecorded = false;
                if (entry.Followed is null)
                {
                    _entries.Remove(entry.Id);
                }
                else
                {
                    Name(entry, request, topics, partitionMaxBytes);
                }
            }
        }

        _changes.Clear();
    }

    /// <summary>The leader has answered the request without an error.</summary>
    public void OnResponse(FetchResponse response)
    {
        if (response.SessionId == 0 || (IsIncremental && response.SessionId != _id))
        {
            Begin(0);
            return;
        }

        _id = response.SessionId;
        _epoch = _epoch == int.MaxValue ? 1 : _epoch + 1;
    }

    /// <summary>
    /// The session is lost, or nobody knows whether the leader took the last request: the next one begins another in its place.
    /// </summary>
    public void Begin() => Begin(_id);

    private void Begin(int inPlaceOf)
    {
        _id = inPlaceOf;
        _epoch = FirstEpoch;
    }

    private void Change(Entry entry)
    {
        if (!entry.IsChanged)
        {
            entry.IsChanged = true;
            _changes.Add(entry);
        }
    }

    private static void Name(Entry entry, FetchRequest request, Dictionary<Uuid, FetchRequest.FetchTopic> topics, int partitionMaxBytes)
    {
        if (!topics.TryGetValue(entry.Id.TopicId, out FetchRequest.FetchTopic? topic))
        {
            topic = new FetchRequest.FetchTopic { TopicId = entry.Id.TopicId };
            topics.Add(entry.Id.TopicId, topic);
            request.Topics.Add(topic);
        }

        FollowedPartition followed = entry.Followed!;
        followed.Sent = entry.Position;
        FetchRequest.FetchPartition part = followed.Request;
        part.CurrentLeaderEpoch = entry.Position.CurrentLeaderEpoch;
        part.FetchOffset = entry.Position.FetchOffset;
        part.LastFetchedEpoch = entry.Position.LastFetchedEpoch;
        part.LogStartOffset = entry.LogStart;
        part.PartitionMaxBytes = partitionMaxBytes;
        part.ReplicaDirectoryId = followed.Partition.Directory.Meta.DirectoryId;
        topic.Partitions.Add(part);
        entry.IsRecorded = true;
    }

    private void Forget(Entry entry, FetchRequest request, Dictionary<Uuid, FetchRequest.ForgottenTopic> topics)
    {
        if (!topics.TryGetValue(entry.Id.TopicId, out FetchRequest.ForgottenTopic? topic))
        {
            topic = new FetchRequest.ForgottenTopic { TopicId = entry.Id.TopicId };
            topics.Add(entry.Id.TopicId, topic);
            request.ForgottenTopicsData.Add(topic);
        }

        topic.Partitions.Add(entry.Id.Partition);
        _entries.Remove(entry.Id);
    }

    /// <summary>One partition that is wanted, recorded, or both.</summary>
    private sealed class Entry(TopicIdPartition id)
    {
        public TopicIdPartition Id { get; } = id;

        /// <summary>Who fetches it now; null when it is only recorded, and to be forgotten.</summary>
        public FollowedPartition? Followed { get; set; }

        public FetchPosition Position { get; set; }

        public Offset LogStart { get; set; }

        public bool IsRecorded { get; set; }

        /// <summary>True while it is among the changes.</summary>
        public bool IsChanged { get; set; }
    }
}
