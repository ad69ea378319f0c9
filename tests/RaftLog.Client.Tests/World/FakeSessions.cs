using RaftLog.Protocol;
using RaftLog.Protocol.Messages;

namespace RaftLog.Client.Tests;

/// <summary>
/// Fetch sessions as a broker keeps them (KIP-227): a request stands for all that its session knows, and its response loses what has not
/// changed.
/// </summary>
internal sealed class FakeSessions
{
    private readonly Dictionary<int, Session> _sessions = [];
    private int _nextId = 1;

    /// <summary>How many partitions each request named, in order.</summary>
    public List<int> Named { get; } = [];

    /// <summary>How many requests their sessions rejected: a reader that knows where it stands sends none.</summary>
    public int Rejected { get; private set; }

    /// <summary>How many sessions are known.</summary>
    public int Count => _sessions.Count;

    /// <summary>The broker has started anew, or made room.</summary>
    public void Forget() => _sessions.Clear();

    /// <summary>What a request stands for; an error where its session is not known.</summary>
    public (FetchRequest Whole, ErrorCode Error) Expand(FetchRequest request)
    {
        Named.Add(request.Topics.Sum(topic => topic.Partitions.Count));
        if (request.SessionEpoch <= 0)
        {
            _sessions.Remove(request.SessionId);
            request.SessionId = request.SessionEpoch == 0 ? _nextId++ : 0;
            if (request.SessionId != 0)
            {
                _sessions.Add(request.SessionId, new Session());
            }
        }

        if (request.SessionId == 0)
        {
            return (request, ErrorCode.None);
        }

        if (!_sessions.TryGetValue(request.SessionId, out Session? session))
        {
            Rejected++;
            return (request, ErrorCode.FetchSessionIdNotFound);
        }

        if (request.SessionEpoch != session.NextEpoch)
        {
            Rejected++;
            return (request, ErrorCode.InvalidFetchSessionEpoch);
        }

        session.NextEpoch++;
        foreach (FetchRequest.FetchTopic topic in request.Topics)
        {
            foreach (FetchRequest.FetchPartition partition in topic.Partitions)
            {
                session.Known[(topic.TopicId, topic.Topic, partition.Partition)] = partition;
            }
        }

        foreach (FetchRequest.ForgottenTopic topic in request.ForgottenTopicsData)
        {
            topic.Partitions.ForEach(partition => session.Known.Remove((topic.TopicId, topic.Topic, partition)));
        }

        FetchRequest whole = new()
        {
            MaxWaitMs = request.MaxWaitMs,
            SessionId = request.SessionId,
            SessionEpoch = request.SessionEpoch,
        };
        foreach (((Uuid id, string name, int _), FetchRequest.FetchPartition partition) in session.Known)
        {
            whole.Topics.Add(
                new()
                {
                    TopicId = id,
                    Topic = name,
                    Partitions = [partition],
                }
            );
        }

        return (whole, ErrorCode.None);
    }

    /// <summary>Leaves out what has not changed since the last response.</summary>
    public void Reduce(FetchRequest request, FetchResponse response)
    {
        response.SessionId = _sessions.ContainsKey(request.SessionId) ? request.SessionId : 0;
        if (response.SessionId == 0)
        {
            return;
        }

        Session session = _sessions[request.SessionId];
        foreach (FetchResponse.FetchableTopicResponse topic in response.Responses)
        {
            topic.Partitions.RemoveAll(data =>
            {
                (Uuid, string, int) key = (topic.TopicId, topic.Topic, data.PartitionIndex);
                bool isUpdate =
                    request.SessionEpoch == 0
                    || data.ErrorCode != ErrorCode.None
                    || !data.Records!.Value.IsEmpty
                    || session.LastEnd.GetValueOrDefault(key, Offset.None) != data.HighWatermark;
                session.LastEnd[key] = data.HighWatermark;
                return !isUpdate;
            });
        }

        response.Responses.RemoveAll(static topic => topic.Partitions.Count == 0);
    }

    private sealed class Session
    {
        public int NextEpoch { get; set; }

        public Dictionary<(Uuid, string, int), FetchRequest.FetchPartition> Known { get; } = [];

        public Dictionary<(Uuid, string, int), Offset> LastEnd { get; } = [];
    }
}
