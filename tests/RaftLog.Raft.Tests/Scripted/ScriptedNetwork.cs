namespace RaftLog.Raft.Tests;

/// <summary>A message under way.</summary>
/// <param name="From">The node that sent it.</param>
/// <param name="To">The node that it goes to.</param>
/// <param name="RequestId">The id of the request that it is, or that it responds to, at the node that asks.</param>
/// <param name="Request">The request; null for a response.</param>
/// <param name="Response">The response; null for a request.</param>
/// <param name="Records">The records that a fetch response carries.</param>
internal sealed record ScriptedMessage(
    int From,
    int To,
    long RequestId,
    RaftRequest? Request,
    RaftReply? Response,
    IReadOnlyList<ScriptedRecord> Records
);

/// <summary>The messages under way, in the order in which they were sent; they move when the transcript says so.</summary>
internal sealed class ScriptedNetwork
{
    private readonly List<ScriptedMessage> _underWay = [];
    private readonly HashSet<int> _isolated = [];

    /// <summary>Cuts a node off: what it sends and what is sent to it is lost without a word.</summary>
    public void Isolate(int node) => _isolated.Add(node);

    public void Join(int node) => _isolated.Remove(node);

    public bool IsLost(ScriptedMessage message) => _isolated.Contains(message.From) || _isolated.Contains(message.To);

    public void Send(ScriptedMessage message) => _underWay.Add(message);

    /// <summary>Takes the oldest message on one of these links; null when there is none.</summary>
    public ScriptedMessage? TakeFirst(IReadOnlyList<string> links)
    {
        int at = _underWay.FindIndex(message => Matches(links, message));
        if (at < 0)
        {
            return null;
        }

        ScriptedMessage message = _underWay[at];
        _underWay.RemoveAt(at);
        return message;
    }

    /// <summary>Takes all messages that are on these links now.</summary>
    public List<ScriptedMessage> TakeAll(IReadOnlyList<string> links)
    {
        List<ScriptedMessage> taken = [.. _underWay.Where(message => Matches(links, message))];
        _underWay.RemoveAll(taken.Contains);
        return taken;
    }

    /// <summary>A link is written <c>1->2</c>; <c>*</c> stands for any node, and no link at all for every one.</summary>
    private static bool Matches(IReadOnlyList<string> links, ScriptedMessage message)
    {
        foreach (string link in links)
        {
            string[] ends = link.Split("->");
            if (ends.Length != 2)
            {
                throw new FormatException($"'{link}' is no link; write 1->2 or *->2");
            }

            if (IsEnd(ends[0], message.From) && IsEnd(ends[1], message.To))
            {
                return true;
            }
        }

        return links.Count == 0;
    }

    private static bool IsEnd(string end, int node) => end == "*" || end == node.ToString();
}
